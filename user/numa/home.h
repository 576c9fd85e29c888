/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The home of a VM or vCPU: the node that it has run on most of late. What it ran counts
 * half as much every HOME_HALF_LIFE_NS, and another node must be ahead by a quarter before
 * it becomes the home, so that a vCPU between two nodes has a home that stays.
 */
#ifndef KVMQ_HOME_H
#define KVMQ_HOME_H

#include <stddef.h>
#include <stdint.h>

#include "model/node.h"

#define HOME_HALF_LIFE_NS 10000000000ULL
#define HOME_AHEAD_PERCENT 125

/* A home of what has this key. */
struct home {
	uint64_t key;
	int32_t node;		  /* NODE_NONE: it has not run yet */
	uint64_t since_ns;	  /* of the last change; 0: there was none */
	uint64_t seen_ns;	  /* last fed */
	double run_ns[NODES_MAX]; /* run time, the older the less */
};

struct homes {
	struct home *list; /* by ascending key */
	size_t count, capacity;
};

/*
 * Feeds what ran on each node in an interval of elapsed_ns that ends at now_ns. Returns the
 * home, which stays until the next call, or NULL: memory is short.
 */
const struct home *homes__feed(struct homes *homes, uint64_t key, const uint64_t run_ns[NODES_MAX],
			       uint64_t elapsed_ns, uint64_t now_ns);

/* Forgets those that were not fed at now_ns. */
void homes__sweep(struct homes *homes, uint64_t now_ns);

void homes__free(struct homes *homes);

#endif
