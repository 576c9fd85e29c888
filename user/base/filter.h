/* SPDX-License-Identifier: GPL-2.0-only */
/* Which system calls a process may still make after it has given up its privileges. */
#ifndef KVMQ_FILTER_H
#define KVMQ_FILTER_H

#include <stdbool.h>
#include <sys/types.h>

/* What else the calls of a list are for, beside PRIVILEGE_*. */
enum {
	FILTER_MEASURE = 1 << 9,  /* reads and updates tables of BPF programs that are there */
	FILTER_REMOVE = 1 << 10,  /* removes files */
	FILTER_UPROBES = 1 << 11, /* opens perf events, and passes them on */
};

/*
 * From now on all threads may only make the calls that needs (PRIVILEGE_* and FILTER_*) lists, and
 * kill() only command, if that is not 0. Other calls fail with EPERM and are counted. 0 or -errno.
 */
int filter__load(unsigned int needs, pid_t command);

/* How many calls were refused, and the number of the last. */
unsigned int filter__refused(int *number);

#endif
