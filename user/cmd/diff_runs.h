/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs out of recordings: what each was, and its figures into a table. */
#ifndef KVMQ_DIFF_RUNS_H
#define KVMQ_DIFF_RUNS_H

#include "cmd/diff_figures.h"
#include "cmd/diff_waits.h"
#include "model/list.h"

#define DIFF_LOSSES_MAX 16

/* One run, beside its figures. */
struct diff_run {
	const char *path; /* of its recording; borrowed */
	enum side side;
	char tool[32], version[32]; /* that recorded it; JSON tells no version: empty */
	size_t intervals;	    /* of JSON; 0: it is of a recording */
	struct host host;
	struct environment environment;
	char weights[256]; /* of the cgroups of VMs, from the outermost on; empty: not known */
	uint64_t begin_ns, length_ns; /* time of day of its first moment */
	uint32_t vms, vcpus;	      /* of all roles */
	struct losses lost;
	bool has_lost[DIFF_LOSSES_MAX]; /* of diff_losses */
	bool strangers_known;		/* who ran while the VMs waited was recorded */
	uint64_t strangers_mpct; /* of their vCPUs' time, they waited for processes of no VM */
	char stranger[64];	 /* the one they waited for most */
	bool is_left_out;	 /* for these */
};

struct diff_runs {
	LIST(struct diff_run);
	struct diff_waits_list waits; /* if there will be a page */
};

/* The bits of those that it has lost. */
unsigned int diff_run__lost(const struct diff_run *run);

/*
 * Reads all recordings and JSON lines that options name, A's first, and gives up all privileges
 * once they are open. Fills the table, and its numbers of runs. 0 or -errno after one line.
 */
int diff_runs__read(struct diff_runs *runs, struct figure_table *table,
		    const struct diff_options *options);

void diff_runs__free(struct diff_runs *runs);

#endif
