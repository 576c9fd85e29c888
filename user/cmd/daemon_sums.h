/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kvmqd has counted of each VM since it started, as its metrics show it. The counters of a
 * view are a thread's, or a part's, and end with it; they may also shrink a little, where
 * what went on at a moment turns out to have been shorter (rows.c). A sum here takes only what is
 * above the highest that was seen of each thread: so it never goes down, is never above what views
 * have shown, and what is shown too early is not counted twice.
 */
#ifndef KVMQ_DAEMON_SUMS_H
#define KVMQ_DAEMON_SUMS_H

#include <stdbool.h>
#include <stdint.h>

#include "io/io_rows.h"
#include "model/view.h"
#include "why/why.h"

/* Counters of a vCPU: times are in ns. */
enum vcpu_sum {
	SUM_RUN,
	SUM_READY_WAKE,
	SUM_READY_PREEMPT,
	SUM_READY_THROTTLED,
	SUM_HALT,
	SUM_BLOCK,
	SUM_WAITS_WAKE,
	SUM_WAITS_PREEMPT,
	SUM_WAITED, /* of the waits that have ended */
	SUM_GUEST,
	SUM_KVM,
	SUM_VMM,
	SUM_POLL,
	SUM_EXITS,
	SUM_MOVES, /* to another node */
	VCPU_SUMS,
};

/*
 * Coarse buckets: each four times as wide as the one before, from 2^10 ns to 2^30 ns, which are
 * bounds of hist.h's, so that nothing is guessed.
 */
#define COARSE_MIN_BITS 10
#define COARSE_STEP_BITS 2
#define COARSE_BOUNDS 11
#define COARSE_BUCKETS (COARSE_BOUNDS + 1)

struct coarse_sum {
	uint64_t counts[COARSE_BUCKETS];
	uint64_t sum_ns;
};

struct vcpu_sums {
	int32_t vcpu; /* VCPU_UNKNOWN: of all whose number is not known */
	bool exits_known, poll_known, moves_known, throttling_known; /* of one of its threads */
	uint64_t sums[VCPU_SUMS];
	uint64_t waits[COARSE_BUCKETS];
};

/* Exits for one reason; the names that came first keep their place. */
#define REASON_SUMS 24
struct reason_sums {
	char name[EXIT_REASON_SIZE];
	uint64_t count;
	uint64_t handle_ns;
};

/* Who ran while the VM's vCPUs waited; a process by its name, a VM by its identity. */
struct pair_sums {
	enum offender_kind kind;
	bool own;	      /* they are of the VM itself */
	bool placed;	      /* among the worst, and shown */
	uint64_t vm_start_ns; /* 0: of no VM */
	uint32_t vm_pid;
	char process[COMM_SIZE];
	char domain[VM_SHOWN_SIZE]; /* of that VM */
	char uuid[VM_UUID_SIZE];
	uint64_t ns;
	uint64_t total_ns; /* since kvmqd started, places aside: as much as it is worth */
};

#define DISK_SUMS 64 /* of a VM */
struct disk_sums {
	uint32_t id;		   /* DISK_SEVERAL: of those that could not be told apart */
	char name[DISK_NAME_SIZE]; /* no other disk of the VM has it */
	uint32_t missed;	   /* moments since it was seen */
	bool ops_known[IO_OPS], layers_known[IO_LAYERS];
	uint64_t requests[IO_OPS];
	uint64_t bytes[IO_OPS];
	struct {
		uint64_t count, ns;
	} layers[IO_LAYERS];
};

#define VERDICT_NOT_ASKED (-1)

struct vm_sums {
	uint64_t start_ns;
	uint32_t pid;
	uint32_t missed;	    /* moments since it was seen */
	char domain[VM_SHOWN_SIZE]; /* its name, without a PID */
	char uuid[VM_UUID_SIZE];    /* empty: it has none, as the next */
	char id[VM_ID_SIZE];
	bool in_pods;		      /* its cgroup is one of Kubernetes' */
	LIST(struct vcpu_sums) vcpus; /* by number */
	struct coarse_sum waits;
	bool overlap_known;
	uint64_t hazard_ns, stalled_ns;
	uint64_t hazard_high, stalled_high; /* the highest that views have shown */
	LIST(struct reason_sums) reasons;
	struct reason_sums other_reasons;
	struct coarse_sum handling;
	LIST(struct pair_sums) pairs;
	uint64_t other_blame_ns;
	bool nodes_known;
	uint64_t run_node_ns[NODES_MAX];
	uint64_t fault_pages[FAULT_PLACES];
	uint64_t migrated_pages;
	bool faults_known;
	bool memory_known;
	uint64_t memory_bytes[NODES_MAX]; /* resident */
	bool remote_known;
	uint64_t remote_mpct; /* expected share of accesses */
	int32_t home;
	LIST(struct disk_sums) disks;
	bool io_spread_known[IO_LAYERS];
	struct coarse_sum io[IO_LAYERS];
	int8_t levels[RULES_MAX]; /* 0: nothing to say, 1: look, 2: act; or VERDICT_NOT_ASKED */
};

struct thread_marks;
struct reason_marks;
struct blame_candidate;

/* One of zeros is empty. */
struct daemon_sums {
	uint32_t blame_pairs; /* of a VM that are named; the others are one */
	struct vm_sums **vms; /* by PID and start */
	size_t vm_count, vm_capacity;
	LIST(struct thread_marks) marks;   /* by id */
	LIST(struct reason_marks) reasons; /* by thread and code */
	uint64_t exits_since_ns;	   /* these are counted since */
	LIST(struct blame_candidate) candidates;
	uint64_t disks_left_out; /* now: their VM has too many */
	/* Exits, nodes and I/O are looked at, at the latest moment. */
	bool exits_known, nodes_known, io_known;
	uint64_t nodes; /* of the host: a bit for each */
};

/*
 * Takes what has come up to a moment. why was made of the moment that was taken last and this one;
 * NULL: there was none, or memory was short. Returns 0 or -ENOMEM: then some of it is lost.
 */
int daemon_sums__take(struct daemon_sums *sums, const struct view *after, const struct why *why);

/* The VM, or NULL: it is not there, or none of its vCPUs was seen. */
struct vm_sums *daemon_sums__vm(const struct daemon_sums *sums, uint32_t pid, uint64_t start_ns);

/* Whether they have the same series: of the two, only one is shown. */
bool vm_sums__same_labels(const struct vm_sums *a, const struct vm_sums *b);

/* By name and UUID; of two with both alike, the one that was there first, which is shown. */
int vm_sums__compare(const struct vm_sums *a, const struct vm_sums *b);

void daemon_sums__free(struct daemon_sums *sums);

/* The bounds in ns. */
extern const uint64_t coarse_bounds[COARSE_BOUNDS];

/* Coarse buckets of count histograms, modulo 2^32. */
void coarse__counts(uint32_t coarse[COARSE_BUCKETS], const uint32_t (*parts)[HIST_BUCKETS],
		    int count);

/* Adds the durations of count histograms, of an interval. */
void coarse_sum__add(struct coarse_sum *sum, const uint32_t (*parts)[HIST_BUCKETS], int count,
		     uint64_t sum_ns);

#endif
