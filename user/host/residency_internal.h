/* SPDX-License-Identifier: GPL-2.0-only */
/* The sources of a VM's residency, for residency.c, which chooses among them. */
#ifndef KVMQ_RESIDENCY_INTERNAL_H
#define KVMQ_RESIDENCY_INTERNAL_H

#include "host/proc.h"
#include "host/residency.h"

/* What a source gets to know about a VM. */
struct residency_target {
	const char *proc;
	const char *cgroups;
	uint32_t pid;
	const char *cgroup;		   /* or NULL */
	const struct memory_range *ranges; /* by ascending begin */
	size_t count;
	struct process_memory memory;
};

/*
 * Each fills in what it knows into a residency that is all 0 but for size_bytes. Returns 0;
 * -EOPNOTSUPP: the source does not suit this VM or this kernel; -ESRCH: the process has ended; or
 * -errno.
 */
int residency__read_maps(struct residency *residency, const struct residency_target *target);
int residency__read_cgroup(struct residency *residency, const struct residency_target *target);
int residency__read_sample(struct residency *residency, const struct residency_target *target);

#endif
