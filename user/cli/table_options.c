// SPDX-License-Identifier: GPL-2.0-only
#include "cli/table_options.h"

#include <errno.h>

#include "base/log.h"

int check_table_options(const struct options *options, const char *names)
{
	if (options->events && !options->json &&
	    (options->hist || options->blame || options->overlap || options->columns ||
	     options->sort || options->top)) {
		log_error("--events prints no table: leave out %s, or add --json", names);
		return -EINVAL;
	}
	if (options->json && options->columns) {
		log_error("--columns: --json has every figure: leave out one of the two");
		return -EINVAL;
	}
	return 0;
}

int choose_sort(const struct metric **sort, const struct metric_table *table,
		const struct options *options, const char *key)
{
	*sort = NULL;
	if (options->sort)
		*sort = metric__find(table, options->sort);
	else if (options->top)
		*sort = metric__find(table, key);
	if (!options->sort || *sort)
		return 0;
	log_error("--sort: '%s' is no column: '--columns help' lists them", options->sort);
	return -EINVAL;
}
