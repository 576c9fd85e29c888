/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmq-exit shows of two views. Knows nothing of where they came from. */
#ifndef KVMQ_EXIT_REPORT_H
#define KVMQ_EXIT_REPORT_H

#include <stdio.h>

#include "cli/options.h"
#include "exits/exit_rows.h"
#include "model/view.h"
#include "render/metric.h"

/* Rows, and the exits of each. */
struct exit_table {
	struct rows rows;
	struct exit_rows exits;
};

struct exit_report {
	const struct options *options;
	struct exit_table table;
	struct exit_table by_vm; /* whose reasons are shown beside vCPUs */
	struct columns columns;
	struct columns reason_columns;
	const struct metric *sort;
	bool events_begun;
};

/*
 * Checks options. Returns 0 to go on, or 1 with *status set to the exit status, after a
 * line or the list of columns. options is borrowed.
 */
int exit_report__init(struct exit_report *report, const struct options *options, int *status);
void exit_report__free(struct exit_report *report);

/*
 * Prints what has changed from before to after. Returns 0 or -errno; errors of the file
 * itself are left to ferror().
 */
int exit_report__print(struct exit_report *report, FILE *file, const struct view *before,
		       const struct view *after);

/* One of no VM that is known is not shown. */
void exit_report__print_exit(struct exit_report *report, FILE *file,
			     const struct named_exit *event);

#endif
