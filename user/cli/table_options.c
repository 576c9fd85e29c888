// SPDX-License-Identifier: GPL-2.0-only
#include "cli/table_options.h"

#include <errno.h>

#include "base/log.h"

int choose_sort(const struct metric **sort, const struct metric_table *table,
		const struct options *options, const char *key)
{
	*sort = NULL;
	if (options->sort)
		*sort = metric__find(table, options->sort);
	else if (options->top || !options->json)
		*sort = metric__find(table, key);
	if (!options->sort || *sort)
		return 0;
	log_error("--sort: '%s' is no column: '--columns help' lists them", options->sort);
	return -EINVAL;
}

void sort_rows(const struct metric *sort, const struct options *options, void *rows, size_t *count,
	       size_t size)
{
	if (sort)
		metric__sort(sort, rows, *count, size);
	if (options->top && *count > options->top)
		*count = options->top;
}
