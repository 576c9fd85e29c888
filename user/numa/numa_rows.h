/* SPDX-License-Identifier: GPL-2.0-only */
/* The difference of two numa snapshots, beside the rows of their snapshots. */
#ifndef KVMQ_NUMA_ROWS_H
#define KVMQ_NUMA_ROWS_H

#include "model/numa.h"
#include "sched/row_keys.h"
#include "sched/rows.h"

/* Why there are no hint faults to measure with. */
enum fault_reason {
	FAULTS_KNOWN,	   /* there are some */
	FAULTS_ONE_NODE,   /* all memory is local */
	FAULTS_NO_HOOK,	   /* the kernel refused it */
	FAULTS_SCHED_EXT,  /* a sched_ext scheduler has all tasks */
	FAULTS_OFF,	   /* balancing is off, or of tiers only */
	FAULTS_HUGETLB,	   /* memory that takes none: hugetlbfs, */
	FAULTS_BOUND,	   /* with a policy, */
	FAULTS_SHARED,	   /* shared without a policy, */
	FAULTS_PINNED,	   /* or pinned */
	FAULTS_NO_SAMPLES, /* none in the interval */
	FAULT_REASONS,
};

/* What the figures of a VM say that is worth a word. */
enum numa_hint {
	HINT_NONE,
	HINT_MEMORYLESS, /* its home node has none */
	HINT_LARGER,	 /* than its home node */
	HINT_THRASHING,	 /* pages go to and fro */
	HINT_SPREAD,	 /* vCPUs over nodes */
	HINT_LEFT,	 /* memory on another node than the vCPUs */
};

/* The VM is on its home for that much of its run time, or it is spread: in 1/1000 %. */
#define HINT_SPREAD_MPCT 80000
/* Memory is left behind where less of it is on HOME, and at least so much run time. */
#define HINT_LOCAL_MPCT 80000
#define HINT_SETTLED_MPCT 90000
/* Balancing thrashes if so much of the memory moves in an interval, and so much of that away. */
#define HINT_MOVED_MPCT 1000
#define HINT_MOVED_PAGES 64
#define HINT_AWAY_MPCT 25000
/* Pinned: so much of the memory. */
#define PINNED_MPCT 90000

/* One vCPU, or all of a VM. Shares are in 1/1000 %. */
struct numa_row {
	struct row row; /* first: the metrics of rows are those of numa rows, too */
	int32_t node;	/* of a vCPU: where it runs or last ran; NODE_NONE: not known */
	int32_t home;	/* NODE_NONE: it has not run yet */
	struct numa_figures interval;
	struct numa_figures total;
	const struct numa_vm *vm; /* of the later snapshot; NULL: nothing is known of it */
	bool remote_known;
	uint64_t expected_remote_mpct; /* XREM% */
	bool faults_seen;	       /* the kernel lets hint faults be counted, */
	bool migrations_seen;	       /* and migrations, */
	bool migrations_known;	       /* of which there could be some */
	enum fault_reason reason;
	enum numa_hint hint; /* of a VM */
	int32_t hint_node;   /* that the hint is about, or NODE_NONE */
	bool bandwidth_known;
	struct bandwidth bandwidth;	    /* of a VM, in the interval */
	const struct numa_snapshot *moment; /* the later one */
};

struct numa_rows {
	LIST(struct numa_row);
	struct row_keys keys;
	bool brief; /* set by who makes them: without totals */
};

/* What rows are made from. */
struct numa_moments {
	const struct numa_snapshot *before, *after;
	const struct snapshot *snapshot; /* that belongs to after */
};

/*
 * Makes a numa row for each of rows, which are vCPUs or VMs, from what has changed since before.
 * The same moments always give the same rows. moments and rows must stay as long. vCPUs that have
 * exited are in no total. Returns 0 or -ENOMEM. The rows own memory: numa_rows__free().
 */
int numa_rows__make(struct numa_rows *numa_rows, const struct rows *rows, enum group_by by,
		    const struct numa_moments *moments);

void numa_rows__free(struct numa_rows *numa_rows);

/* Run time on all nodes. */
uint64_t numa_figures__run(const struct numa_figures *figures);

/* Resident guest memory; 0: not known. */
uint64_t numa_row__memory(const struct numa_row *row);

/*
 * How many independent samples of one page would tell as much about the remote share of pages as
 * the hint faults do; there is at least one fault. If a few faults of huge pages have most of the
 * pages, it is little more than their number.
 */
double numa_figures__samples(const struct numa_figures *figures);

/*
 * The 95 % interval, in 1/1000 %, of a share in so many samples (Wilson 1927). samples may have a
 * fraction, and is not 0.
 */
void share_interval(double share, double samples, uint64_t *low_mpct, uint64_t *high_mpct);

/* A short word for JSON, NULL for FAULTS_KNOWN; and a sentence on what would give the figure. */
const char *fault_reason__name(enum fault_reason reason);
const char *fault_reason__remedy(enum fault_reason reason, const struct numa_snapshot *numa);

/* Writes the clause of a row's hint, or an empty text. */
void numa_row__hint(const struct numa_row *row, char *text, size_t size);

#endif
