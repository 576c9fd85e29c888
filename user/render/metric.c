// SPDX-License-Identifier: GPL-2.0-only
#include "render/metric.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "model/buckets.h"

static struct value percentile(const struct histogram *histogram, unsigned int permille)
{
	struct value value = { .known = histogram->known && histogram->samples };

	if (permille == 1000) {
		value.known |= histogram->known && histogram->max_ns;
		value.number = histogram->max_ns;
	} else if (value.known) {
		value.number = buckets__percentile(histogram->parts, histogram->count, permille,
						   histogram->max_ns);
	}
	return value;
}

struct value metric__get(const struct metric *metric, const void *row, struct text_buffer *buffer)
{
	struct histogram histogram;

	if (metric->get)
		return metric->get(row);
	if (metric->compose)
		return metric->compose(row, buffer);
	histogram = metric->distribution->get(row);
	return percentile(&histogram, metric->permille);
}

/* Whether a text names a header: %RDY or RDY, XREM% or XREM, in upper or lower case. */
static bool is_named(const char *header, const char *name)
{
	size_t length, other;

	header += *header == '%';
	name += *name == '%';
	length = strlen(header);
	other = strlen(name);
	length -= length && header[length - 1] == '%';
	other -= other && name[other - 1] == '%';
	return length == other && !strncasecmp(header, name, length);
}

const struct metric *metric__find(const struct metric_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct metric *metric = &table->metrics[i];

		if (metric->kind == METRIC_DISTRIBUTION)
			continue;
		if (metric->header && is_named(metric->header, name))
			return metric;
		if (metric->key && !strcasecmp(metric->key, name))
			return metric;
	}
	return NULL;
}

int columns__add(struct columns *columns, const struct metric *metric, bool spare)
{
	if (columns->count == COLUMNS_MAX) {
		log_error("--columns: more than %d columns: leave some out", COLUMNS_MAX);
		return -EINVAL;
	}
	columns->spare[columns->count] = spare;
	columns->list[columns->count++] = metric;
	return 0;
}

int columns__insert(struct columns *columns, const struct metric *metric)
{
	int error = columns__add(columns, metric, false);
	size_t place = 0;

	if (error)
		return error;
	while (place < columns->count - 1 && columns->list[place]->unit == UNIT_TEXT)
		place++;
	for (size_t i = columns->count - 1; i > place; i--) {
		columns->list[i] = columns->list[i - 1];
		columns->spare[i] = columns->spare[i - 1];
	}
	columns->list[place] = metric;
	columns->spare[place] = false;
	return 0;
}

/* A column that is shown if there is room becomes one that is always shown. */
static bool claim_spare(struct columns *columns, const struct metric *metric)
{
	for (size_t i = 0; i < columns->count; i++) {
		if (columns->list[i] != metric || !columns->spare[i])
			continue;
		columns->spare[i] = false;
		return true;
	}
	return false;
}

static int add_list(struct columns *columns, const struct metric_table *table, const char *list)
{
	while (*list) {
		size_t length = strcspn(list, ",");
		const struct metric *metric = NULL;
		char name[64];

		if (length < sizeof(name)) {
			snprintf(name, sizeof(name), "%.*s", (int)length, list);
			metric = metric__find(table, name);
		}
		if (!metric || !metric->header) {
			log_error("--columns: '%.*s' is no column: '--columns help' lists them",
				  (int)length, list);
			return -EINVAL;
		}
		if (!claim_spare(columns, metric) && columns__add(columns, metric, false))
			return -EINVAL;
		list += length;
		list += *list == ',';
	}
	return 0;
}

static int add_usual(struct columns *columns, const struct metric_table *table, unsigned int by)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct metric *metric = &table->metrics[i];
		bool spare = metric->usual & WIDE(1U << by);

		if ((spare || metric->usual & 1U << by) && columns__add(columns, metric, spare))
			return -EINVAL;
	}
	return 0;
}

int columns__select(struct columns *columns, const struct metric_table *table, unsigned int by,
		    const char *list)
{
	columns->count = 0;
	if ((!list || *list == '+') && add_usual(columns, table, by))
		return -EINVAL;
	if (list && add_list(columns, table, *list == '+' ? list + 1 : list))
		return -EINVAL;
	if (columns->count)
		return 0;
	log_error("--columns: the list is empty: '--columns help' lists them");
	return -EINVAL;
}

static const struct metric *sort_metric;

static int compare_by_sort(const void *left, const void *right)
{
	struct text_buffer buffers[2];
	struct value a = metric__get(sort_metric, left, &buffers[0]);
	struct value b = metric__get(sort_metric, right, &buffers[1]);

	if (a.known != b.known)
		return a.known ? -1 : 1;
	if (!a.known)
		return 0;
	if (sort_metric->unit == UNIT_TEXT)
		return strcmp(a.text ? a.text : "", b.text ? b.text : "");
	return a.number > b.number ? -1 : a.number < b.number;
}

void metric__sort(const struct metric *metric, void *rows, size_t count, size_t size)
{
	sort_metric = metric;
	if (count) /* of none, there may be no list at all */
		qsort(rows, count, size, compare_by_sort);
}

void metric__print_help(const struct metric_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->metrics[i].header)
			printf("%-10s %s\n", table->metrics[i].header, table->metrics[i].help);
}
