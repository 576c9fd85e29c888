/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of a report's table, as every tool takes and refuses them. */
#ifndef KVMQ_TABLE_OPTIONS_H
#define KVMQ_TABLE_OPTIONS_H

#include "cli/options.h"
#include "render/metric.h"

/*
 * What a line of an event, or of JSON, has no use for is refused, not ignored. names lists
 * the options of the tool's table ("--hist, --columns, --sort and --top"). Returns 0, or
 * -EINVAL after one line on standard error.
 */
int check_table_options(const struct options *options, const char *names);

/*
 * The metric that rows are ordered by: --sort's, with --top alone the one of this key, or
 * NULL. Returns 0, or -EINVAL after one line on standard error.
 */
int choose_sort(const struct metric **sort, const struct metric_table *table,
		const struct options *options, const char *key);

#endif
