// SPDX-License-Identifier: GPL-2.0-only
/* Over which time VMs are judged: longer than an interval, in which little happens. */
#include "top/run_internal.h"

/* The place of the pair that begins then. What was not looked at yet would be n/a. */
static size_t find_begin(const struct top_run *run, size_t place)
{
	const struct moments *moments = &run->moments;
	uint64_t end_ns = moments__time(moments, place);
	size_t begin = place, known = 1;

	if (run->source && run->parts_begin > run->history.dropped)
		known = run->parts_begin - run->history.dropped + 1;
	if (known > place)
		known = 1; /* of a time before that */
	while (begin > known && moments__is_pair(moments, begin - 1) &&
	       end_ns - moments__time(moments, begin - 2) <= RULES_NS)
		begin--;
	return begin;
}

/* Of a moment that cannot be read any more, the interval alone is judged. */
const struct view *run__begin(struct top_run *run, size_t place, const struct view *before)
{
	size_t begin = find_begin(run, place);
	const struct view *first;

	if (begin == place || moments__peek(&run->moments, begin, &first))
		return before;
	return first;
}
