/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of a report's table, as every tool takes them. */
#ifndef KVMQ_TABLE_OPTIONS_H
#define KVMQ_TABLE_OPTIONS_H

#include "cli/options.h"
#include "render/metric.h"

/* What a report has where its options ask for nothing else. */
struct table_choice {
	const struct metric_table *metrics;
	const struct metric_table *by_reason; /* the help has it, too; NULL: there is none */
	const char *columns;		      /* NULL: those that the metrics call usual */
	const char *sort;		      /* key of the harm */
};

/*
 * The columns and the order that options ask for: 0; or 1 with *status after the list that
 * "--columns help" asks for, or after one line on standard error.
 */
int choose_table(struct columns *columns, const struct metric **sort,
		 const struct table_choice *choice, const struct options *options, int *status);

/*
 * The metric that rows are ordered by: --sort's, or the one of this key, the harm, in text
 * and with --top; or NULL: as they are, by name. Returns 0, or -EINVAL after one line on standard
 * error.
 */
int choose_sort(const struct metric **sort, const struct metric_table *table,
		const struct options *options, const char *key);

/* Orders *count rows, size bytes apart, by what choose_sort() has chosen, and leaves --top's. */
void sort_rows(const struct metric *sort, const struct options *options, void *rows, size_t *count,
	       size_t size);

#endif
