/* SPDX-License-Identifier: GPL-2.0-only */
/* The lines of /proc/PID/numa_maps. */
#ifndef KVMQ_NUMA_MAPS_H
#define KVMQ_NUMA_MAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/residency.h"

/* A mapping, as its line shows it. Only /proc/PID/maps tells where it ends. */
struct numa_mapping {
	uint64_t begin;
	bool hugetlb;
	bool policy;		   /* its own, or the process's */
	bool balancing;		   /* the policy takes hint faults */
	bool shmem;		   /* of a file in shared memory */
	uint64_t bytes[NODES_MAX]; /* resident on each node */
};

/* Reads a line, and changes it. Returns whether it describes a mapping. */
bool numa_mapping__parse(struct numa_mapping *mapping, char *line);

/* Whether the mapping takes hint faults, or why not. shared: other processes may map it. */
enum memory_kind numa_mapping__kind(const struct numa_mapping *mapping, bool shared);

/*
 * Reads a word such as "N3=12" of numa_maps or memory.numa_stat. Returns whether it is such a word.
 */
bool node_word(const char *word, uint32_t *node, uint64_t *value);

#endif
