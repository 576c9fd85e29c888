/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The home of a VM or vCPU: the node on which it has run most of late. Run time counts half as much
 * every HOME_HALF_LIFE_NS. Another node must be ahead by a quarter to become the home, so that a
 * vCPU between two nodes keeps its home. A view does not tell what was before it, so homes are
 * found when it is read, and are a part of it.
 */
#ifndef KVMQ_HOME_H
#define KVMQ_HOME_H

#include "model/numa.h"

#define HOME_HALF_LIFE_NS 10000000000ULL
#define HOME_AHEAD_PERCENT 125

/* Whose home it is. */
struct home_key {
	uint64_t id;	 /* of a vCPU's identity; of a VM, its start */
	uint32_t vm_pid; /* 0: of a vCPU */
};

struct home {
	struct home_key key;
	int32_t node;	   /* NODE_NONE: it has not run yet */
	uint64_t since_ns; /* of the last change; 0: there was none */
	uint64_t seen_ns;  /* last fed */
	double *run_ns;	   /* its own: run time on each node, the older the less */
};

struct homes {
	LIST(struct home);   /* by ascending PID and id */
	size_t next;	     /* the one behind the last that was fed: mostly, its turn is next */
	uint64_t elapsed_ns; /* as it was last */
	double kept;	     /* and how much counts of what ran before it */
	int node_end;	     /* ids of nodes are below it, always; 0: below NODES_MAX */
};

/*
 * Adds the run time on each node in an interval of elapsed_ns that ends at now_ns. Returns the
 * home, which is valid until the next call, or NULL: memory is short.
 */
const struct home *homes__feed(struct homes *homes, struct home_key key,
			       const uint64_t run_ns[NODES_MAX], uint64_t elapsed_ns,
			       uint64_t now_ns);

/* Forgets those to which nothing was added at now_ns. */
void homes__sweep(struct homes *homes, uint64_t now_ns);

/*
 * Finds the homes of after, whose threads are those of snapshot, from what has run since before;
 * once for each moment. Returns 0 or -ENOMEM.
 */
int homes__fill(struct homes *homes, const struct numa_snapshot *before,
		struct numa_snapshot *after, const struct snapshot *snapshot);

void homes__free(struct homes *homes);

#endif
