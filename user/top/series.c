// SPDX-License-Identifier: GPL-2.0-only
#include "top/series.h"

#include <errno.h>
#include <stdlib.h>

#include "top/tree.h"

static void forget(struct series *series)
{
	for (size_t i = 0; i < series->moments.count; i++)
		list_free(&series->moments.list[i].values);
	list_free(&series->moments);
	if (series->data)
		series->screen->free(series->data);
	free(series->data);
	series->data = NULL;
}

void series__free(struct series *series)
{
	forget(series);
	rows__free(&series->vms);
	*series = (struct series){ .screen = NULL };
}

int series__begin(struct series *series, const struct screen *screen, const struct metric *metric,
		  unsigned int depth)
{
	if (series->data && series->screen == screen && series->metric == metric &&
	    series->depth == depth)
		return 0;
	forget(series);
	series->screen = screen;
	series->metric = metric;
	series->depth = depth;
	series->data = calloc(1, screen->data_size);
	return series->data ? 0 : -ENOMEM;
}

void series__keep(struct series *series, uint64_t first_ns, uint64_t last_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < series->moments.count; i++) {
		struct series_moment *moment = &series->moments.list[i];

		if (moment->realtime_ns < first_ns || moment->realtime_ns > last_ns)
			list_free(&moment->values);
		else
			series->moments.list[kept++] = *moment;
	}
	series->moments.count = kept;
}

bool series__has(const struct series *series, uint64_t realtime_ns)
{
	for (size_t i = 0; i < series->moments.count; i++)
		if (series->moments.list[i].realtime_ns == realtime_ns)
			return true;
	return false;
}

static int compare_values(const void *left, const void *right)
{
	return line_key__compare(&((const struct series_value *)left)->key,
				 &((const struct series_value *)right)->key);
}

static int compare_moments(const void *left, const void *right)
{
	const struct series_moment *a = left, *b = right;

	return a->realtime_ns < b->realtime_ns ? -1 : a->realtime_ns > b->realtime_ns;
}

static int fill(struct series *series, struct series_moment *moment, const struct top_lines *lines)
{
	if (list_reserve(&moment->values, lines->count))
		return -ENOMEM;
	for (size_t i = 0; i < lines->count; i++) {
		struct series_value *kept = list_add(&moment->values);
		struct text_buffer none;
		struct value value = metric__get(series->metric, lines->list[i].row, &none);

		*kept = (struct series_value){ lines->list[i].key, value.known, value.number };
	}
	list_sort(&moment->values, compare_values);
	return 0;
}

int series__add(struct series *series, const struct view *before, const struct view *after)
{
	const struct view_pair pair = { before, after, &series->vms, NULL };
	struct series_moment *moment = list_add(&series->moments);
	struct top_lines lines = { .count = 0 };
	int error = 0;

	if (!moment)
		return -ENOMEM;
	*moment = (struct series_moment){ .realtime_ns = after->sched.realtime_ns };
	if (!series->screen->missing(after)) {
		error = rows__make(&series->vms, &before->sched, &after->sched, BY_VM);
		if (!error)
			error = series->screen->make(series->data, &pair, series->depth, &lines);
		if (!error)
			error = fill(series, moment, &lines);
	}
	list_free(&lines);
	list_sort(&series->moments, compare_moments);
	return error;
}

struct value series__value(const struct series *series, size_t moment, const struct line_key *key)
{
	const struct series_moment *of = &series->moments.list[moment];
	const struct series_value wanted = { .key = *key };
	const struct series_value *found = NULL;

	if (of->values.count)
		found = bsearch(&wanted, of->values.list, of->values.count, sizeof(wanted),
				compare_values);
	return (struct value){ .known = found && found->known,
			       .number = found ? found->number : 0 };
}
