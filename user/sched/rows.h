/* SPDX-License-Identifier: GPL-2.0-only */
/* The difference of two snapshots, as rows to show. */
#ifndef KVMQ_ROWS_H
#define KVMQ_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/group_by.h"
#include "model/snapshot.h"

/* One thread, or all vCPUs of a VM. */
struct row {
	const struct vm *vm;	       /* in the later snapshot */
	struct identity identity;      /* of the thread; of the first vCPU for a VM */
	uint32_t cpu;		       /* where it runs or last ran */
	uint32_t vcpus;		       /* vCPUs that the row is about: 0 or more */
	struct figures interval;       /* interval.max_ns: see rows__make() */
	struct figures total;	       /* since the tool first saw the thread */
	bool throttling_known;	       /* throttled_ns is; else it is in ready_ns */
	uint64_t vm_ready_ns;	       /* of the interval, all vCPUs of the VM */
	uint32_t vm_vcpus;	       /* vCPUs of that VM */
	const struct overlap *overlap; /* of a VM, in the later snapshot, or NULL: not known */
	const struct overlap *overlap_before; /* and in the earlier one; never NULL then */
	uint64_t wall_ns;		      /* between the two snapshots */
	bool lag_known;			      /* at least two vCPUs of the VM never rested */
	uint64_t lag_ns;	   /* run time of the one of these that ran most, minus the least */
	int32_t worst_vcpu;	   /* of the row: the one with the largest ready share */
	uint64_t worst_ready_mpct; /* that share, in 1/1000 % */
	struct wait_hist *hist;	   /* of the interval; owned by the rows; NULL: of brief ones */
};

struct row_place;

/* One of zeros is empty. */
struct rows {
	LIST(struct row);
	LIST(struct wait_hist) hists;
	LIST(struct row_place) places; /* what rows are made of, in their order */
	LIST(uint32_t) vms;	       /* of the later snapshot, by name; then where each is */
	/* Set by who makes them: without distributions and the longest waits of intervals. */
	bool brief;
};

/*
 * Makes a row for each vCPU, VM or thread of after, from what has changed since before. Two
 * snapshots always give the same rows. They must stay as long as the rows. A thread that is not in
 * before and started later counts from zero; one that could not be read then is left out. The
 * longest wait of the interval is exact if it is the longest so far, or still going on; otherwise
 * its bucket tells (hist.h: within 6.25 %). Rows are ordered by VM and vCPU. Returns 0 or -ENOMEM.
 * The rows own memory: rows__free().
 */
int rows__make(struct rows *rows, const struct snapshot *before, const struct snapshot *after,
	       enum group_by by);

/*
 * The rows of VMs and those of vCPUs, as rows__make() makes them, in less time and memory: a vCPU's
 * row has its VM's distribution. vcpus must stay as long as vms. 0 or -ENOMEM.
 */
int rows__make_both(struct rows *vms, struct rows *vcpus, const struct snapshot *before,
		    const struct snapshot *after);

/*
 * The longest wait of one of the rows in the interval, as interval.max_ns has it: for brief ones.
 * They must be of threads, and what they were made from must still be there.
 */
uint64_t rows__longest_wait(const struct rows *rows, const struct row *row);

void rows__free(struct rows *rows);

/*
 * The row of one thread of after, old being the same one of before, or NULL; without its
 * distribution. False: there is none, as rows__make() has it.
 */
bool row__make(struct row *row, const struct snapshot *before, const struct snapshot *after,
	       const struct thread_snapshot *old, const struct thread_snapshot *thread);

/* part of whole in 1/1000 %, rounded; 0 of 0 is 0. */
uint64_t share_mpct(uint64_t part, uint64_t whole);

#endif
