/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmq-numa remembers of each VM: how its residency is read, and its bandwidth. */
#ifndef KVMQ_NUMA_VMS_H
#define KVMQ_NUMA_VMS_H

#include "host/bandwidth.h"
#include "host/residency.h"
#include "host/vm.h"
#include "model/numa.h"

struct numa_vms_config {
	struct residency_config residency;
	uint64_t budget;     /* of all VMs together, one part in so many; 0: each its own */
	const char *resctrl; /* "/sys/fs/resctrl" */
	/*
	 * Why a PID in /proc is not the PID that the probes see; NULL: it is. If not, nothing is
	 * read.
	 */
	const char *blind;
	/* The guest memory of a VM, as numa_probe__memory() has it. */
	size_t (*memory)(void *context, const struct snapshot *snapshot, uint32_t pid,
			 const struct memory_range **ranges);
	void *context;
};

struct numa_vms;

/* NULL: memory is short. Free with numa_vms__free(), which takes NULL. */
struct numa_vms *numa_vms__new(const struct numa_vms_config *config);
void numa_vms__free(struct numa_vms *numa_vms);

/* Stops reading residency because of why, which stays the caller's; NULL: reads it again. */
void numa_vms__pause(struct numa_vms *numa_vms, const char *why);

/*
 * Adds the VMs of a snapshot to numa, which has none yet, and reads again what is due. Forgets VMs
 * that have gone. Returns 0 or -ENOMEM.
 */
int numa_vms__read(struct numa_vms *numa_vms, const struct snapshot *snapshot, struct vms *vms,
		   struct numa_snapshot *numa);

#endif
