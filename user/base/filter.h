/* SPDX-License-Identifier: GPL-2.0-only */
/* The system calls that are left to a process which has given up the rest. */
#ifndef KVMQ_FILTER_H
#define KVMQ_FILTER_H

#include <stdbool.h>
#include <sys/types.h>

/* Beside PRIVILEGE_*: what else the calls of a list are for. */
enum {
	FILTER_MEASURE = 1 << 8, /* reads and updates tables of BPF programs that are there */
	FILTER_REMOVE = 1 << 9,	 /* takes files away */
};

/*
 * From now on only the calls for needs (PRIVILEGE_* and FILTER_*) do anything, in all threads;
 * kill() only for command, if that is not 0. Others fail with EPERM and are counted. 0 or -errno.
 */
int filter__load(unsigned int needs, pid_t command);

/* How many calls were refused, and the number of the last. */
unsigned int filter__refused(int *number);

#endif
