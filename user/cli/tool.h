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
#include "model/host.h"
#include "model/set.h"

/* Takes what happens between two views; an event is an item of the tool's set of events. */
struct event_sink {
	void (*take)(void *context, const void *event);
	void *context;
};

/*
 * Where a tool's views come from when it measures. Functions that return int return 0, or -errno
 * after one line on standard error. One that a tool has no use for is NULL, but for open(), host(),
 * poll(), read() and close(). Called in this order; poll(), read() and shown() again and again.
 */
struct source_ops {
	size_t size; /* of the source's own data: zeros before open() */

	/* With all privileges: loads, attaches, opens files. sink stays up to close(). */
	int (*open)(void *source, const struct options *options, const struct event_sink *sink);

	/* The same for files that it writes: if that fails, it is not for want of the host. */
	int (*create)(void *source);

	/* The host that it is open on; the source's. */
	const struct host *(*host)(const void *source);

	/* The privileges that are kept from here on: PRIVILEGE_*. */
	unsigned int (*needs)(const struct options *options);

	/* Counting begins. */
	int (*start)(void *source);

	/* To wait for: when it is readable, poll() has something to do. -1: never. */
	int (*fd)(const void *source);

	/* Whether there may be something to do for poll() that fd() does not tell. */
	bool (*is_silent)(const struct options *options);

	/* Takes what has come since: new threads, reports; events go to the sink. */
	int (*poll)(void *source);

	/* All there is, into a view that was read before or is of zeros. Events go to the sink. */
	int (*read)(void *source, void *view);

	/* This view was shown: it is the earlier one of the next pair. */
	void (*shown)(void *source, const void *view);

	/* Nothing will be read any more, and this view was the last: what was held back comes now.
	 */
	int (*stop)(void *source, const void *view);

	/* Also of one whose open() has failed. */
	void (*close)(void *source);
};

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

/* The whole of main(): returns the exit status. */
int tool__run(const struct tool_ops *ops, int argc, char **argv);

#endif
