/* SPDX-License-Identifier: GPL-2.0-only */
/* The loop of every tool: intervals, signals, a command's life, clean-up. */
#ifndef KVMQ_RUNNER_H
#define KVMQ_RUNNER_H

#include "cli/command.h"
#include "cli/options.h"

struct run_steps {
	int (*poll)(void *context);   /* the probe may have something to say */
	int poll_ms;		      /* call poll that often; -1: only when its fd is readable */
	const int *timer_fd;	      /* ends intervals; NULL: a timer of the runner's own does */
	int (*report)(void *context); /* an interval is over */
	bool silent; /* writes nothing to standard output, which nobody has to read */
	void *context;
};

/*
 * Blocks the signals that runner__run() waits for, so that none is missed. To be called before a
 * probe is opened.
 */
void runner__prepare(const struct options *options);

/*
 * Starts the command, if there is one, and calls the steps until COUNT intervals are over, the
 * command has ended, or SIGINT, SIGTERM or SIGHUP has come. An interval that a signal or the
 * command's end cuts short is reported, too. If nobody reads standard output any more, it ends at
 * once, or with the command. Returns an exit status: the command's, if there was one.
 */
int runner__run(const struct options *options, struct command *command, int probe_fd,
		const struct run_steps *steps);

#endif
