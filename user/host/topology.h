/* SPDX-License-Identifier: GPL-2.0-only */
/* The NUMA nodes of the host, from sysfs. */
#ifndef KVMQ_TOPOLOGY_H
#define KVMQ_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/sched.h"

#define NODES_MAX SCHED_NODES
#define NODE_NONE (-1)

struct node {
	bool online;
	uint32_t cpus;		      /* online ones; 0: memory only */
	uint64_t memory_bytes;	      /* MemTotal; 0: CPUs only, or a kernel without NUMA */
	uint32_t distance[NODES_MAX]; /* SLIT units, 10 is local; 0: not known */
};

struct topology {
	uint32_t count; /* nodes that are online */
	uint32_t limit; /* the highest id of these + 1 */
	struct node nodes[NODES_MAX];
	int8_t *cpu_node; /* node of a CPU, or NODE_NONE; owned */
	uint32_t cpu_count;
};

/*
 * Reads SYS/devices/system/node (and, on a kernel without NUMA, where that is not
 * there, SYS/devices/system/cpu/online: one node, 0). sys is "/sys", or a test's.
 * Returns 0; -ERANGE: a node's id is NODES_MAX or more; or -errno. Ends with
 * topology__free().
 */
int topology__read(struct topology *topology, const char *sys);
void topology__free(struct topology *topology);

/* Node of a CPU, or NODE_NONE where it is not known. */
int topology__node_of(const struct topology *topology, uint32_t cpu);

#endif
