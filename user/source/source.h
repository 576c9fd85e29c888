/* SPDX-License-Identifier: GPL-2.0-only */
/* Where views come from when a tool measures. */
#ifndef KVMQ_SOURCE_H
#define KVMQ_SOURCE_H

#include "model/host.h"
#include "model/options.h"
#include "model/view.h"
#include "recording/info.h"

/* Takes what happens between two views. An event is an item of the tool's set of events. */
struct event_sink {
	void (*take)(void *context, const void *event);
	void *context;
};

/*
 * The source of a tool's views when it measures. Functions that return int return 0, or -errno
 * after one line on standard error. A function that a tool does not need is NULL, except open(),
 * host(), poll(), read() and close(). They are called in this order; poll(), read() and shown()
 * repeatedly.
 */
struct source_ops {
	size_t size; /* of the source's own data: zeros before open() */

	/* Before open(), if not NULL: which sets the tool makes use of. info stays until close().
	 */
	void (*prepare)(void *source, const struct recording_info *info);

	/*
	 * With all privileges: loads, attaches, opens files. sink stays until close(). -EINTR,
	 * without a line: a signal has come, which ends the tool.
	 */
	int (*open)(void *source, const struct options *options, const struct event_sink *sink);

	/* The same for files that it writes. A failure is not the host's fault. */
	int (*create)(void *source);

	/* The host on which it is open; belongs to the source. */
	const struct host *(*host)(const void *source);

	/* The privileges that are kept from here on: PRIVILEGE_*. */
	unsigned int (*needs)(const struct options *options);

	/* Counting begins. */
	int (*start)(void *source);

	/*
	 * If not NULL, views come when they come. Returns a file descriptor that is read like a
	 * timer's: it is readable when there is a view an interval after the one that was read
	 * last. Called again, it changes the interval.
	 */
	int (*pace)(void *source, uint64_t interval_ns);

	/* A file descriptor: when it is readable, poll() has something to do. -1: never. */
	int (*fd)(const void *source);

	/* Whether poll() may have something to do although fd() is not readable. */
	bool (*is_silent)(const struct options *options);

	/* Takes what has come since: new threads, reports. Events go to the sink. */
	int (*poll)(void *source);

	/*
	 * Reads everything into a view, which is of zeros or was read before. Events go to the
	 * sink. 1: with pace(), there is nothing later than the view before. -EINTR, without a
	 * line: a signal has come.
	 */
	int (*read)(void *source, struct view *view);

	/* This view was shown: it is the earlier one of the next pair. */
	void (*shown)(void *source, const struct view *view);

	/*
	 * Nothing will be read any more, and view was the last one: whatever was held back comes
	 * now.
	 */
	int (*stop)(void *source, const struct view *view);

	/* Also called if open() has failed. */
	void (*close)(void *source);
};

/* Opens a source: what its parts ask about the kernel is read once. Returns what open() does. */
int source__open(const struct source_ops *ops, void *source, const struct options *options,
		 const struct event_sink *sink);

/* Those of the tools. */
extern const struct source_ops cpu_source, exit_source, numa_source, io_source;

#endif
