/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where vCPUs run and what memory they reach, at one moment: monotonic counters beside a snapshot.
 * How they were read does not show. Nodes are the host's; pages are of 4 KiB, or whatever the
 * host's base page is.
 */
#ifndef KVMQ_NUMA_H
#define KVMQ_NUMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/node.h"
#include "model/residency.h"
#include "model/snapshot.h"

/* Of a hint fault, before a migration. */
enum fault_place {
	FAULT_LOCAL,
	FAULT_REMOTE,
	FAULT_PLACES,
};

/* Grow only. */
struct numa_figures {
	uint64_t run_ns[NODES_MAX];    /* adds up to the run time of the snapshot's figures */
	uint64_t moves;		       /* it arrived on another node than it last ran on */
	uint64_t faults[FAULT_PLACES]; /* hint faults of the guest's accesses */
	uint64_t pages[FAULT_PLACES];  /* and the pages that these mapped */
	uint64_t own_faults;	       /* of the vCPU's thread in the kernel and the VMM */
	uint64_t own_pages;
	uint64_t migrated_to[NODES_MAX]; /* pages that were moved at any of these faults */
	uint64_t migrated_from[NODES_MAX];
};

struct numa_thread {
	uint64_t id;		/* that of its identity in the snapshot */
	int32_t node;		/* where it runs or last ran; NODE_NONE: not known */
	int32_t home;		/* where it ran most of late; NODE_NONE: it has not run yet */
	uint64_t home_since_ns; /* CLOCK_MONOTONIC; 0: it had no other */
	struct numa_figures figures;
};

/* Counters that only grow: the sum over the groups and cache domains of one VM. */
struct bandwidth {
	bool known;
	uint64_t total_bytes;
	uint64_t local_bytes;
};

/* What belongs to a VM as a whole. */
struct numa_vm {
	uint64_t start_ns; /* of its process */
	uint32_t pid;
	int32_t home; /* as of a vCPU, of all of them together */
	uint64_t home_since_ns;
	struct residency residency;
	char residency_missing[MISSING_SIZE]; /* why there is none; empty: there is */
	struct bandwidth bandwidth;
};

/* What could not be counted, since the tool started. */
struct numa_losses {
	uint64_t events; /* not shown: the ring buffer was full */
	uint64_t faults; /* hint faults whose hooks did not run */
};

enum balancing {
	BALANCING_UNKNOWN, /* the kernel has no such setting */
	BALANCING_OFF,
	BALANCING_ON,
	BALANCING_TIERING, /* between tiers of memory only */
	BALANCINGS,
};

struct numa_snapshot {
	uint64_t time_ns;   /* CLOCK_MONOTONIC */
	uint64_t since_ns;  /* the same: hint faults are counted since */
	struct nodes nodes; /* of the host */
	uint32_t page_bytes;
	enum balancing balancing;
	bool sched_ext; /* such a scheduler has all tasks, of which the kernel scans no memory */
	char faults_missing[MISSING_SIZE];     /* why hint faults are not seen; empty: they are */
	char migrations_missing[MISSING_SIZE]; /* the same of migrations */
	bool bandwidth_available;
	struct numa_losses losses;
	uint64_t residency_cost_ns;	  /* on a CPU, for all readings so far */
	LIST(struct numa_thread) threads; /* by ascending id */
	LIST(struct numa_vm) vms;	  /* by ascending PID and start */
};

enum numa_event_kind {
	NUMA_FAULTS,  /* a burst of remote faults of guest accesses by one vCPU */
	NUMA_MIGRATE, /* a burst of migrations from one node to another, by one vCPU */
	NUMA_MOVE,    /* a vCPU arrived on another node */
	NUMA_EVENT_KINDS,
};

/* Times are CLOCK_MONOTONIC. */
struct numa_event {
	enum numa_event_kind kind;
	struct identity identity;
	uint64_t begin_ns;
	uint64_t end_ns; /* of its last fault; begin_ns for a move */
	uint64_t faults; /* 0 for a move */
	uint64_t pages;
	int32_t from;		   /* FAULTS: node of the vCPU; MIGRATE, MOVE: from this node */
	int32_t to;		   /* FAULTS: NODE_NONE; to this node */
	uint32_t from_cpu, to_cpu; /* of a move */
};

/* One more vCPU or VM, of which nothing is known. NULL: memory is short. */
struct numa_thread *numa_snapshot__add(struct numa_snapshot *numa);
struct numa_vm *numa_snapshot__add_vm(struct numa_snapshot *numa);

/* By PID and start, or NULL. */
const struct numa_vm *numa_snapshot__vm(const struct numa_snapshot *numa, uint32_t pid,
					uint64_t start_ns);

/* Empties its lists; keeps their memory. */
void numa_snapshot__clear(struct numa_snapshot *numa);
void numa_snapshot__free(struct numa_snapshot *numa);

/* Adds what b counts to a. */
void numa_figures__add(struct numa_figures *sum, const struct numa_figures *figures);

#endif
