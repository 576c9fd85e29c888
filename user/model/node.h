/* SPDX-License-Identifier: GPL-2.0-only */
/* The NUMA nodes of a host. */
#ifndef KVMQ_NODE_H
#define KVMQ_NODE_H

#include <stdint.h>

#include "model/list.h"

#define NODES_MAX 64
#define NODE_NONE (-1)

/* One that is online. */
struct node {
	uint32_t id;		      /* below NODES_MAX */
	uint32_t cpus;		      /* online ones; 0: memory only */
	uint64_t memory_bytes;	      /* MemTotal; 0: CPUs only, or a kernel without NUMA */
	uint32_t distance[NODES_MAX]; /* SLIT units, 10 is local; 0: not known */
};

/* By ascending id. */
struct nodes {
	LIST(struct node);
};

/* NULL: none with this id is online. */
const struct node *nodes__find(const struct nodes *nodes, uint32_t id);

/* The highest id + 1. */
uint32_t nodes__limit(const struct nodes *nodes);

#endif
