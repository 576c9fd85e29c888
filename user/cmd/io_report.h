/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmq-io shows of two views. Knows nothing of where they came from. */
#ifndef KVMQ_IO_REPORT_H
#define KVMQ_IO_REPORT_H

#include <stdio.h>

#include "cli/options.h"
#include "io/io_rows.h"
#include "model/view.h"
#include "render/metric.h"

struct io_report {
	const struct options *options;
	struct io_rows rows;
	struct columns columns;
	size_t usual; /* so many of the columns were not asked for by name */
	const struct metric *sort;
	bool by_op; /* a row for each kind of request, and not one a disk */
	bool events_begun;
};

/*
 * Checks options. Returns 0 to go on, or 1 with *status set to the exit status, after a
 * line or the list of columns. options is borrowed.
 */
int io_report__init(struct io_report *report, const struct options *options, int *status);
void io_report__free(struct io_report *report);

/*
 * Prints what has changed from before to after, once for an interval. Returns 0 or -errno;
 * errors of the file itself are left to ferror().
 */
int io_report__print(struct io_report *report, FILE *file, const struct view *before,
		     const struct view *after);

/* A slow request; view is that of before it. */
void io_report__print_event(struct io_report *report, FILE *file, const struct view *view,
			    const struct io_event *event);

#endif
