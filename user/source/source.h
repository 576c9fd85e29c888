/* SPDX-License-Identifier: GPL-2.0-only */
/* Where views come from when they are measured. */
#ifndef KVMQ_SOURCE_H
#define KVMQ_SOURCE_H

#include "model/host.h"
#include "model/options.h"
#include "model/view.h"

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

	/*
	 * With all privileges: loads, attaches, opens files. sink stays up to close(). -EINTR,
	 * without a line: a signal has come, which ends the tool.
	 */
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
	int (*read)(void *source, struct view *view);

	/* This view was shown: it is the earlier one of the next pair. */
	void (*shown)(void *source, const struct view *view);

	/* Nothing will be read any more, and view was the last: what was held back comes now. */
	int (*stop)(void *source, const struct view *view);

	/* Also of one whose open() has failed. */
	void (*close)(void *source);
};

/* Those of the tools. */
extern const struct source_ops cpu_source, exit_source, numa_source, io_source;

#endif
