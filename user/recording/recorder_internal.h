/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_RECORDER_INTERNAL_H
#define KVMQ_RECORDER_INTERNAL_H

#include "recording/database.h"
#include "recording/layout.h"
#include "recording/mirror.h"
#include "recording/recorder.h"

/* Writes one tier, whose moments follow from one another alone. */
struct tier_writer {
	const struct database *database;
	const struct recording_info *info;
	uint32_t number;
	uint32_t moments_per_whole; /* 0: the file does not have this tier */
	struct mirror mirror;
	sqlite3_stmt **inserts; /* one a set */
	uint32_t *rows;		/* of this moment, a set */
	unsigned char *arrays;	/* all arrays of one row */
	LIST(const void *) order;
	int64_t run, moment; /* the last */
	int64_t written;     /* the last that is in the file */
	uint32_t since_whole;
	bool is_whole; /* this moment */
	/*
	 * What was in a moment of the finest tier since this one's last, and is no longer there
	 * when this one's next comes: it is in that one, so that nothing is lost of it. A list a
	 * set.
	 */
	struct list *carried;
	size_t carried_bytes;
	uint64_t lost;		    /* items that were too many for this */
	struct tier_writer *begins; /* this moment also has what that tier carries */
	struct recorder *recorder;
};

/* Rows of moments that are no longer there, in one tier. */
struct sweep {
	int64_t before; /* this moment */
	uint32_t place; /* of the first set that may have such rows; the set count: none has */
};

struct recorder {
	struct database database;
	struct recording_info info;
	struct tier_writer tiers[LAYOUT_KEPT];
	struct sweep sweeps[LAYOUT_TIERS];
	bool is_tiered;	      /* it keeps incidents, too */
	unsigned int aligned; /* tiers whose last moment all coarser ones have, too */
	int64_t run, moment;
	int error; /* that has ended it */
};

/* Runs a statement whose parameters are bound. 0 or -errno. */
int recorder__insert(const struct database *database, sqlite3_stmt *statement);

/* The mirror has aged to this moment: writes what differs in the view. */
int recorder__write_sets(struct tier_writer *tier, const void *view);

/* An item has gone: the tiers that may not have its last figures get it. 0 or -errno. */
int recorder__carry(struct tier_writer *tier, uint32_t place, const void *item);

/* The same for all items of the mirror that are not in the list. */
int recorder__carry_all(struct tier_writer *tier, uint32_t place, const struct list *list);

/* What was carried has been written. */
void recorder__drop_carried(struct tier_writer *tier);

/*
 * Puts the list's items, and those that are carried and not in it, in the order of their keys into
 * tier->order; two items of the list with equal keys are an error. 0 or -errno after one line.
 */
int recorder__order(struct tier_writer *tier, uint32_t place, const struct list *list);

/* Takes back what a transaction has done so far. */
void recorder__roll_back(struct recorder *recorder);

#endif
