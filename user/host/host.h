/* SPDX-License-Identifier: GPL-2.0-only */
/* The host as a whole. */
#ifndef KVMQ_HOST_H
#define KVMQ_HOST_H

#include <stdint.h>

struct host {
	char name[65];
	char kernel[65];
	unsigned int cpus; /* online */
};

void host__read(struct host *host);

/* Context switches of the host since boot (/proc/stat), or 0 if not readable. */
uint64_t host_switches(void);

/* Largest thread id + 1 that the kernel gives out (/proc/sys/kernel/pid_max). */
uint32_t host_tid_max(void);

#endif
