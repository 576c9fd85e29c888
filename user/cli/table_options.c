// SPDX-License-Identifier: GPL-2.0-only
#include "cli/table_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

static int print_columns(const struct table_choice *choice)
{
	errno = 0;
	metric__print_help(choice->metrics);
	if (choice->by_reason) {
		puts("\nBy reason:");
		metric__print_help(choice->by_reason);
	}
	return output_status();
}

int choose_table(struct columns *columns, const struct metric **sort,
		 const struct table_choice *choice, const struct options *options, int *status)
{
	const char *wanted = options->columns ? options->columns : choice->columns;

	*status = STATUS_USAGE;
	if (options->columns && !strcmp(options->columns, "help")) {
		*status = print_columns(choice);
		return 1;
	}
	return columns__select(columns, choice->metrics, options->by, wanted) ||
	       choose_sort(sort, choice->metrics, options, choice->sort);
}

bool events_are_text(const struct options *options, bool *begun, FILE *file,
		     void (*print_header)(FILE *file))
{
	if (options->json)
		return false;
	if (!*begun)
		print_header(file);
	*begun = true;
	return true;
}
