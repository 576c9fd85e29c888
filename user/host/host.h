/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc and uname() tell about the host as a whole. */
#ifndef KVMQ_HOST_H
#define KVMQ_HOST_H

#include <stdint.h>

#include "model/environment.h"
#include "model/host.h"
#include "model/limits.h"

void host__read(struct host *host);

/* What this host is like: environment__read(). */
void host__read_environment(struct environment *environment);

struct host_counters {
	struct host_use use;
	uint64_t switches; /* between tasks, since boot; 0: not readable */
};

/* Reads PROC/stat, once for all: the kernel adds up the interrupts of all CPUs for it. */
void host__read_counters(struct host_counters *counters, const char *proc);

/* Largest thread id + 1 that the kernel gives out (/proc/sys/kernel/pid_max). */
uint32_t host_tid_max(void);

#endif
