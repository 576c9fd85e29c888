/* SPDX-License-Identifier: GPL-2.0-only */
/* On which nodes the memory of a VM is: a gauge with an age. */
#ifndef KVMQ_MODEL_RESIDENCY_H
#define KVMQ_MODEL_RESIDENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "model/node.h"

enum residency_source {
	RESIDENCY_AUTO,	  /* as an option; as a source: not known */
	RESIDENCY_MAPS,	  /* /proc/PID/numa_maps: exact; guest memory apart from the VMM's own */
	RESIDENCY_CGROUP, /* memory.numa_stat: exact but for the kernel's batches; both together */
	RESIDENCY_SAMPLE, /* move_pages() of pages drawn at random: with an error; guest memory */
	RESIDENCY_SOURCES,
};

/* Why memory takes no hint faults, whatever the host's settings are. */
enum memory_kind {
	MEMORY_NORMAL,	/* takes them where balancing is on */
	MEMORY_HUGETLB, /* hugetlbfs */
	MEMORY_BOUND,	/* bind, prefer, interleave or local, without MPOL_F_NUMA_BALANCING */
	MEMORY_SHARED,	/* memfd, shmem or another file, without a policy of its own */
	MEMORY_KINDS,
};

struct residency {
	enum residency_source source;
	uint64_t time_ns;   /* CLOCK_MONOTONIC when it was read */
	uint64_t cost_ns;   /* time on a CPU that the reading took */
	uint64_t period_ns; /* until the next one */
	bool split;	    /* guest memory alone; else bytes has the VMM's own, too */
	bool kinds_known;
	uint32_t error_mpct; /* 1/1000 %: half of the 95 % interval of a node's share; 0: exact */
	uint32_t samples;    /* pages looked at; 0: not a sample */
	uint64_t bytes[NODES_MAX];	   /* resident on each node */
	uint64_t other_bytes[NODES_MAX];   /* the VMM's own, where split */
	uint64_t kind_bytes[MEMORY_KINDS]; /* of bytes; where not by maps, of an older reading */
	uint64_t pinned_bytes;		   /* VmPin; all, if the VMM has VFIO devices */
	uint64_t size_bytes; /* of the guest's memory, resident or not; 0: not known */
};

/* The sum over all nodes. */
uint64_t residency__total(const struct residency *residency);

/* "maps", "cgroup", "sample"; NULL for RESIDENCY_AUTO. */
const char *residency_source__name(enum residency_source source);

#endif
