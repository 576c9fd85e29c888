/* SPDX-License-Identifier: GPL-2.0-only */
/* The NUMA nodes of the host, from sysfs, and whether the kernel moves memory between them. */
#ifndef KVMQ_TOPOLOGY_H
#define KVMQ_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#include "model/node.h"
#include "model/numa.h"

struct topology {
	struct nodes nodes;
	int8_t *cpu_node; /* node of a CPU, or NODE_NONE; owned */
	uint32_t cpu_count;
	uint32_t node_end; /* no node has this id or a higher one, nor will any that comes later */
};

/*
 * Reads SYS/devices/system/node. A kernel without NUMA does not have it: then
 * SYS/devices/system/cpu/online makes one node, 0. sys is "/sys", or a test's. Returns 0; -ERANGE:
 * a node's id is NODES_MAX or more; or -errno. Ends with topology__free().
 */
int topology__read(struct topology *topology, const char *sys);
void topology__free(struct topology *topology);

/* Node of a CPU, or NODE_NONE where it is not known. */
int topology__node_of(const struct topology *topology, uint32_t cpu);

/* What PROC/sys/kernel/numa_balancing says. */
enum balancing balancing__read(const char *proc);

/* Whether a sched_ext scheduler has all tasks, by SYS/kernel/sched_ext. */
bool sched_ext__has_all(const char *sys);

#endif
