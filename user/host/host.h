/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc and uname() tell about the host as a whole. */
#ifndef KVMQ_HOST_H
#define KVMQ_HOST_H

#include <stdint.h>

#include "model/environment.h"
#include "model/host.h"

void host__read(struct host *host);

/* What this host is like: environment__read(). */
void host__read_environment(struct environment *environment);

/* Context switches of the host since boot (/proc/stat), or 0 if not readable. */
uint64_t host_switches(void);

/* Largest thread id + 1 that the kernel gives out (/proc/sys/kernel/pid_max). */
uint32_t host_tid_max(void);

#endif
