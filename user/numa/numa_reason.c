// SPDX-License-Identifier: GPL-2.0-only
/* The figures of a numa row in words: why some are missing, and what others hint at. */
#include <stdio.h>

#include "numa/numa_rows.h"

static const struct {
	const char *name, *remedy;
} reasons[FAULT_REASONS] = {
	[FAULTS_ONE_NODE] = { "one node", "this host has one node: all memory is local" },
	[FAULTS_NO_HOOK] = { "hook", NULL }, /* the words are in the snapshot */
	[FAULTS_OFF] = { "balancing off",
			 "NUMA balancing is off: 'sysctl kernel.numa_balancing=1' enables it "
			 "(costs hint faults in all processes, and moves their pages)" },
	[FAULTS_SCHED_EXT] = { "sched_ext", "a sched_ext scheduler runs all tasks, of which the "
					    "kernel scans no memory: use N%L and XREM%" },
	[FAULTS_HUGETLB] = { "hugetlbfs",
			     "its memory is hugetlbfs, which takes no hint faults: use transparent "
			     "huge pages, or RBW%" },
	[FAULTS_BOUND] = { "bound",
			   "its memory has a policy (bind, prefer or interleave), and so takes no "
			   "hint faults: use none, or add MPOL_F_NUMA_BALANCING, which may move "
			   "pages" },
	[FAULTS_SHARED] = { "shared",
			    "its memory is shared (memfd or shmem), and so takes no hint faults: "
			    "use anonymous memory (share=off), but not with vhost-user" },
	[FAULTS_PINNED] = { "pinned",
			    "its memory is pinned (VFIO or io_uring), and so takes no hint "
			    "faults: use N%L and XREM%" },
	[FAULTS_NO_SAMPLES] = { "no samples",
				"no hint fault in this interval: use a longer one (the kernel "
				"scans memory each 1 to 60 s of a VM's run time)" },
};

const char *fault_reason__name(enum fault_reason reason)
{
	return reasons[reason].name;
}

const char *fault_reason__remedy(enum fault_reason reason, const struct numa_snapshot *numa)
{
	if (reason == FAULTS_NO_HOOK)
		return *numa->faults_missing ? numa->faults_missing
					     : "its hooks were attached meanwhile: the next "
					       "interval has it";
	if (reason == FAULTS_OFF && numa->balancing == BALANCING_TIERING)
		return "NUMA balancing is for tiers of memory only: 'sysctl "
		       "kernel.numa_balancing=3' enables it for nodes, too (costs hint faults in "
		       "all processes, and moves their pages)";
	return reasons[reason].remedy;
}

void numa_row__hint(const struct numa_row *row, char *text, size_t size)
{
	switch (row->hint) {
	case HINT_MEMORYLESS:
		snprintf(text, size, "node %d has no memory", row->hint_node);
		break;
	case HINT_LARGER:
		snprintf(text, size, "larger than node %d", row->hint_node);
		break;
	case HINT_THRASHING:
		snprintf(text, size, "balancing thrashes");
		break;
	case HINT_SPREAD:
		snprintf(text, size, "vCPUs spread over nodes");
		break;
	case HINT_LEFT:
		snprintf(text, size, "memory left on node %d", row->hint_node);
		break;
	default:
		snprintf(text, size, "%s", "");
	}
}
