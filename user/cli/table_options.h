/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of a report's table, as every tool takes them. */
#ifndef KVMQ_TABLE_OPTIONS_H
#define KVMQ_TABLE_OPTIONS_H

#include "cli/options.h"
#include "render/metric.h"

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
