/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmq-cpu shows of two views. Knows nothing of where they came from. */
#ifndef KVMQ_CPU_REPORT_H
#define KVMQ_CPU_REPORT_H

#include <stdio.h>

#include "cli/options.h"
#include "model/view.h"
#include "render/metric.h"
#include "sched/blame.h"
#include "sched/rows.h"

struct cpu_report {
	const struct options *options;
	struct rows rows;
	struct blame_list blame;
	struct columns columns;
	struct columns blame_columns;
	const struct metric *sort;
	bool events_begun;
};

/*
 * Checks --columns and --sort. Returns 0 to go on, or 1 with *status set to the
 * exit status, after a line or the list of columns. options is borrowed.
 */
int cpu_report__init(struct cpu_report *report, const struct options *options, int *status);
void cpu_report__free(struct cpu_report *report);

/*
 * Prints what has changed from before to after. Returns 0 or -errno; errors of
 * the file itself are left to ferror().
 */
int cpu_report__print(struct cpu_report *report, FILE *file, const struct view *before,
		      const struct view *after);

/* One of no VM that is known is not shown. */
void cpu_report__print_wait(struct cpu_report *report, FILE *file, const struct named_wait *event);

#endif
