/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tool as a table: its options, where its views come from, and what it shows of two of them.
 * All tools have the same life, which tool__run() leads: options, host and privileges, COMMAND,
 * intervals and signals, --record and --from, clean-up, exit status.
 */
#ifndef KVMQ_TOOL_H
#define KVMQ_TOOL_H

#include <stdio.h>

#include "cli/options.h"
#include "model/set.h"
#include "source/source.h"

struct tool_ops {
	const struct tool *tool;

	/* A life of another kind, if the options ask for it: true, with its exit status. */
	bool (*instead)(const struct options *options, int *status);

	/* Its views. One of zeros is empty. */
	size_t view_size;
	void (*free_view)(void *view);
	const struct set *const *sets; /* what is recorded of it, then NULL; the first: "moments" */
	const struct set *events;      /* that of them whose items go to the sink; NULL: none */

	const struct source_ops *live;

	/*
	 * What it shows. init() checks the options of its table, before anything is opened: 0, or 1
	 * with *status after a line, or after the list of columns. print() shows what has changed
	 * from one view to another, and depends on nothing else: 0 or -errno; errors of the file
	 * are left to ferror(). print_event() shows one of --events that has come after a view.
	 */
	size_t report_size;
	int (*init)(void *report, const struct options *options, int *status);
	int (*print)(void *report, FILE *file, const void *before, const void *after);
	void (*print_event)(void *report, FILE *file, const void *before, const void *event);
	void (*free)(void *report);
};

/*
 * A report's functions as the runner calls them, which knows no view and no event: those of
 * REPORT__init() and so on, and how an event is printed of report, file, before and event.
 */
#define TOOL_REPORT(REPORT, FREE_VIEW, PRINT_EVENT)                                                \
	static void free_view(void *view)                                                          \
	{                                                                                          \
		FREE_VIEW(view);                                                                   \
	}                                                                                          \
	static int init(void *report, const struct options *options, int *status)                  \
	{                                                                                          \
		return REPORT##__init(report, options, status);                                    \
	}                                                                                          \
	static int print(void *report, FILE *file, const void *before, const void *after)          \
	{                                                                                          \
		return REPORT##__print(report, file, before, after);                               \
	}                                                                                          \
	static void print_event(void *report, FILE *file, const void *before, const void *event)   \
	{                                                                                          \
		(void)before;                                                                      \
		PRINT_EVENT;                                                                       \
	}                                                                                          \
	static void free_report(void *report)                                                      \
	{                                                                                          \
		REPORT##__free(report);                                                            \
	}

#define TOOL_REPORT_OPS(REPORT)                                                                    \
	.free_view = free_view, .report_size = sizeof(struct REPORT), .init = init,                \
	.print = print, .print_event = print_event, .free = free_report

/* The whole of main(): returns the exit status. */
int tool__run(const struct tool_ops *ops, int argc, char **argv);

#endif
