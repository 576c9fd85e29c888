/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmq-numa shows of two views. Knows nothing of where they came from. */
#ifndef KVMQ_NUMA_REPORT_H
#define KVMQ_NUMA_REPORT_H

#include <stdio.h>

#include "cli/options.h"
#include "model/view.h"
#include "numa/numa_rows.h"
#include "render/metric.h"

struct numa_report {
	const struct options *options;
	enum residency_source source; /* as --residency says */
	uint64_t period_ns;	      /* the same; 0: as the cost allows */
	struct rows rows;
	struct numa_rows numa_rows;
	struct columns columns;
	const struct metric *sort;
	bool events_begun;
};

/*
 * Checks options. Returns 0 to go on, or 1 with *status set to the exit status, after a
 * line or the list of columns. options is borrowed.
 */
int numa_report__init(struct numa_report *report, const struct options *options, int *status);
void numa_report__free(struct numa_report *report);

/*
 * Prints what has changed from before to after, once for an interval. Returns 0 or -errno;
 * errors of the file itself are left to ferror().
 */
int numa_report__print(struct numa_report *report, FILE *file, const struct view *before,
		       const struct view *after);

/* One of no VM that is known is not shown. */
void numa_report__print_event(struct numa_report *report, FILE *file,
			      const struct named_burst *event);

#endif
