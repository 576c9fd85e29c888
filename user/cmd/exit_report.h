/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmq-exit shows of two snapshots. Knows nothing of where they came from. */
#ifndef KVMQ_EXIT_REPORT_H
#define KVMQ_EXIT_REPORT_H

#include <stdio.h>

#include "cli/options.h"
#include "exits/exit_rows.h"
#include "model/host.h"
#include "render/metric.h"

/* The same moment as the two probes have seen it. */
struct exit_view {
	struct snapshot snapshot;
	struct exit_snapshot exits;
};

/* Rows, and the exits of each. */
struct exit_table {
	struct rows rows;
	struct exit_rows exits;
};

struct exit_report {
	const struct options *options;
	struct host host;
	uint64_t boot_ns; /* time of day at which CLOCK_MONOTONIC was 0; set by the caller, as host
			     is */
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
int exit_report__print(struct exit_report *report, FILE *file, const struct exit_view *before,
		       const struct exit_view *after);

/* vm is the thread's; NULL: it is not known, and nothing is printed. */
void exit_report__print_exit(struct exit_report *report, FILE *file, const struct exit_event *event,
			     const struct vm *vm);

#endif
