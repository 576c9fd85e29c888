// SPDX-License-Identifier: GPL-2.0-only
/* The intervals of late, of which a graph is drawn: those that are not there yet are read. */
#include "top/run_internal.h"

/* Up to the one that is shown, as far back as none is missing between two runs. */
static size_t find_first(const struct moments *moments, size_t last)
{
	size_t first = last;

	while (last - first + 1 < SERIES_MOMENTS && moments__is_pair(moments, first - 1))
		first--;
	return first;
}

static int add(struct top_run *run, size_t place, bool is_shown)
{
	const struct view *before = run->top->before, *after = run->top->after;

	if (series__has(&run->top->series, moments__time(&run->moments, place)))
		return 0;
	/* One that cannot be read any more is a gap. */
	if (!is_shown && moments__read(&run->moments, READ_SERIES, place, &before, &after))
		return 0;
	return series__add(&run->top->series, before, after);
}

int run__feed(struct top_run *run)
{
	const struct moments *moments = &run->moments;
	size_t last = run__place(run), first;
	int error;

	if (!top__needs_series(run->top) || !last)
		return 0;
	error = top__begin_series(run->top);
	first = find_first(moments, last);
	series__keep(&run->top->series, moments__time(moments, first),
		     moments__time(moments, last));
	for (size_t place = first; place <= last && !error; place++)
		error = add(run, place, place == last);
	return error;
}
