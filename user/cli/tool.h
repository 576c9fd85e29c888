/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tool as a table: its options, the source of its views, and what it shows of two of them.
 * tool__run() leads all tools through the same life: options, host and privileges, COMMAND,
 * intervals and signals, --record and --from, clean-up, exit status.
 */
#ifndef KVMQ_TOOL_H
#define KVMQ_TOOL_H

#include <stdio.h>

#include "cli/options.h"
#include "model/set.h"
#include "source/source.h"

/* What is shown of two views. The functions get data of their own, which is zeros before init(). */
struct report_ops {
	size_t size;

	/*
	 * Checks the options of its table before anything is opened; they are borrowed. 0, or 1
	 * with *status after a line or the list of columns.
	 */
	int (*init)(void *report, const struct options *options, int *status);

	/*
	 * Shows what has changed from one view to another. The output depends on nothing else. 0 or
	 * -errno; errors of the file are left to ferror().
	 */
	int (*print)(void *report, FILE *file, const struct view *before, const struct view *after);

	/*
	 * Shows an event (--events), an item of the tool's set of events, that came after a view.
	 */
	void (*print_event)(void *report, FILE *file, const struct view *before, const void *event);

	/* Called even after an init() that has returned 1. */
	void (*free)(void *report);
};

struct tool_ops {
	const struct tool *tool;

	/* Does something else instead, if the options ask for it: true, with its exit status. */
	bool (*instead)(const struct options *options, int *status);

	const struct set *const
		*sets;	  /* what is recorded of its views, ends with NULL; "moments" comes first */
	bool of_any_tool; /* --from takes what any tool has recorded */
	const struct set *events; /* the one of them whose items go to the sink; NULL: none */
	const struct source_ops *live;
	const struct report_ops *report;
};

/* The whole of main(): returns the exit status. */
int tool__run(const struct tool_ops *ops, int argc, char **argv);

#endif
