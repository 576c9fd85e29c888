/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * On which nodes the memory of a VM is. Read by the source that suits the VM best,
 * seldom enough that it stays below RESIDENCY_BUDGET, and kept meanwhile.
 */
#ifndef KVMQ_RESIDENCY_H
#define KVMQ_RESIDENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/topology.h"

/* A reading may take one part in so many of the time until the next one: 0.1 % of a CPU. */
#define RESIDENCY_BUDGET 1000

enum residency_source {
	RESIDENCY_AUTO,	  /* as an option; as a source: not known */
	RESIDENCY_MAPS,	  /* /proc/PID/numa_maps: exact; guest memory apart from the VMM's own */
	RESIDENCY_CGROUP, /* memory.numa_stat: exact but for the kernel's batches; both together */
	RESIDENCY_SAMPLE, /* move_pages() of pages drawn at random: with an error; guest memory */
};

/* Why memory takes no hint faults, whatever the host's settings. */
enum memory_kind {
	MEMORY_NORMAL,	/* takes them where balancing is on */
	MEMORY_HUGETLB, /* hugetlbfs */
	MEMORY_BOUND,	/* bind, prefer, interleave or local, without MPOL_F_NUMA_BALANCING */
	MEMORY_SHARED,	/* memfd, shmem or another file, without a policy of its own */
	MEMORY_KINDS,
};

/* Guest memory in the VMM's address space, as KVM maps it: from begin to before end. */
struct memory_range {
	uint64_t begin, end;
};

struct residency {
	enum residency_source source;
	uint64_t time_ns;   /* CLOCK_MONOTONIC when it was read */
	uint64_t cost_ns;   /* time on a CPU that the reading took */
	uint64_t period_ns; /* until the next one */
	bool split;	    /* guest memory alone; else the VMM's own is in bytes, too */
	bool kinds_known;
	uint32_t error_mpct; /* 1/1000 %: half of the 95 % interval of a node's share; 0: exact */
	uint32_t samples;    /* pages looked at; 0: not a sample */
	uint64_t bytes[NODES_MAX];	   /* resident on each node */
	uint64_t other_bytes[NODES_MAX];   /* the VMM's own, where split */
	uint64_t kind_bytes[MEMORY_KINDS]; /* of bytes; where not by maps, of an older reading */
	uint64_t pinned_bytes;		   /* VmPin; all, if the VMM has VFIO devices */
	uint64_t size_bytes; /* of the guest's memory, resident or not; 0: not known */
};

struct residency_config {
	const char *proc;	      /* "/proc" */
	const char *cgroups;	      /* "/sys/fs/cgroup" */
	enum residency_source source; /* this one only, or RESIDENCY_AUTO */
	uint64_t period_ns;	      /* this often, whatever it costs; 0: by RESIDENCY_BUDGET */
};

/* What is remembered of one VM between readings. */
struct residency_reader;

/* NULL: memory is short. Free with residency_reader__free(), which takes NULL. */
struct residency_reader *residency_reader__new(const struct residency_config *config, uint32_t pid);
void residency_reader__free(struct residency_reader *reader);

/* Whether a reading is due at now_ns (CLOCK_MONOTONIC), so that ranges are needed. */
bool residency_reader__due(const struct residency_reader *reader, uint64_t now_ns);

/*
 * The VM's residency: read now if that is due, else as last read. ranges are its guest
 * memory, by ascending begin; none: not known, and the whole process is taken. cgroup is
 * the process's path below config.cgroups, or NULL. What is returned stays the reader's.
 * Its source is RESIDENCY_AUTO where nothing could be read; residency_reader__error() is
 * why, as -errno: -ESRCH, the process has ended; -EOPNOTSUPP, no source suits the VM and
 * the kernel, or not the one that was asked for.
 */
const struct residency *residency_reader__read(struct residency_reader *reader, uint64_t now_ns,
					       const struct memory_range *ranges, size_t count,
					       const char *cgroup);
int residency_reader__error(const struct residency_reader *reader);

/* The same as a clause that names what lacks; NULL: there is no error. */
const char *residency_reader__missing(const struct residency_reader *reader);

/* The sum over all nodes. */
uint64_t residency__total(const struct residency *residency);

/* "maps", "cgroup", "sample"; NULL for RESIDENCY_AUTO. */
const char *residency_source__name(enum residency_source source);

#endif
