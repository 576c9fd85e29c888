/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of a report's table and of its events, as every tool takes them. */
#ifndef KVMQ_TABLE_OPTIONS_H
#define KVMQ_TABLE_OPTIONS_H

#include <stdio.h>

#include "cli/options.h"
#include "render/metric.h"

/* What a report shows if its options ask for nothing else. */
struct table_choice {
	const struct metric_table *metrics;
	const struct metric_table *by_reason; /* the help has it, too; NULL: there is none */
	const char *columns;		      /* NULL: those that the metrics call usual */
	const char *sort;		      /* key of the metric that shows the harm */
};

/*
 * The columns and the order that options ask for: 0; or 1 with *status after the list that
 * "--columns help" asks for, or after one line on standard error.
 */
int choose_table(struct columns *columns, const struct metric **sort,
		 const struct table_choice *choice, const struct options *options, int *status);

/*
 * Which metric orders the rows: that of --sort; or, in text and with --top, the one with this key,
 * which shows the harm; or NULL, which leaves the order of names. Returns 0, or -EINVAL after one
 * line on standard error.
 */
int choose_sort(const struct metric **sort, const struct metric_table *table,
		const struct options *options, const char *key);

/*
 * Orders *count rows, size bytes apart, by the metric that choose_sort() found, and keeps as many
 * as --top says.
 */
void sort_rows(const struct metric *sort, const struct options *options, void *rows, size_t *count,
	       size_t size);

/*
 * Whether events are shown as text and not as JSON. Then the first one's header is printed, and
 * *begun, false until then, says so from here on.
 */
bool events_are_text(const struct options *options, bool *begun, FILE *file,
		     void (*print_header)(FILE *file));

#endif
