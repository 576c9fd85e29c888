/* SPDX-License-Identifier: GPL-2.0-only */
/* Who ran while the rows' threads waited, from the difference of two snapshots. */
#ifndef KVMQ_BLAME_H
#define KVMQ_BLAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/pool.h"
#include "model/snapshot.h"
#include "sched/row_keys.h"
#include "sched/rows.h"

/*
 * One offender of one row. The entries of a row, throttled and unknown time included, add up to its
 * ready time, except what was in progress at either end.
 */
struct blame_entry {
	size_t row;		  /* its index */
	struct offender offender; /* tid: of one of them, if it stands for several */
	const struct vm *vm;	  /* the offender's, in the later snapshot, or NULL */
	bool own;		  /* that is the row's own VM */
	const char *who;	  /* the offender in a few words; of the list, or of the snapshot */
	uint64_t ns;		  /* of the interval */
	uint64_t total_ns;	  /* of the pairs that are in the later snapshot */
	uint64_t ready_ns;	  /* of the row, in the interval */
	const struct row *victim; /* borrowed from the rows */
};

struct blame_group;
struct blame_sum;
struct blame_row;

/* Where things are in a list, by a hash: place + 1; 0: nothing. */
struct blame_places {
	LIST(uint32_t);
};

/* One of zeros is empty. */
struct blame_list {
	LIST(struct blame_entry);
	/* What entries are made of, kept from one time to the next: see blame.c. */
	LIST(struct blame_group) groups;
	LIST(struct blame_sum) sums;
	struct blame_places group_places, sum_places;
	uint64_t key; /* of the hash of offenders, odd; 0: none yet */
	LIST(struct blame_row) rows;
	LIST(uint32_t) order; /* of groups, then of sums */
	struct row_keys keys;
	struct pool texts;
};

/*
 * Makes the entries of rows, which were made from the same snapshots, and orders them: by row if
 * by_row is set; otherwise, and within a row, the largest first. A VM's vCPUs are one offender, and
 * so are its threads, and kernel threads or processes of one name; for a kernel thread only the
 * part of its name before a slash counts. Returns 0 or -ENOMEM. The list owns memory:
 * blame__free().
 */
int blame__make(struct blame_list *blame, const struct snapshot *before,
		const struct snapshot *after, const struct rows *rows, enum group_by by,
		bool by_row);

void blame__free(struct blame_list *blame);

#endif
