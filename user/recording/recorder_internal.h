/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_RECORDER_INTERNAL_H
#define KVMQ_RECORDER_INTERNAL_H

#include "recording/batch.h"
#include "recording/database.h"
#include "recording/layout.h"
#include "recording/mirror.h"
#include "recording/packed.h"
#include "recording/recorder.h"

/* Items of a list, in the order of their keys. */
struct items {
	const void *const *order; /* NULL: as they are in the list */
	const char *list;
	size_t size; /* of one */
	size_t count;
};

/* Writes one tier, whose moments follow from one another alone. */
struct tier_writer {
	const struct database *database;
	const struct recording_info *info;
	uint32_t number;
	uint32_t moments_per_whole; /* 0: the file does not have this tier */
	struct mirror mirror;	    /* its lists are empty: they are known */
	struct packed *known;	    /* of the moment before, a list of a set */
	bool is_lent;		    /* the view that was written last is what is known, instead */
	bool lends;		    /* so will be the one that is being written */
	bool *sorted;		    /* a set: whether that view's list is in the order of keys */
	uint32_t done;		    /* sets of this moment before this one have been written */
	struct batch *batches;	    /* one a set */
	uint32_t *rows;		    /* of this moment, a set */
	int64_t run, moment;	    /* the last */
	int64_t written;	    /* the last that is in the file */
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
	struct packing *packings; /* of each set that is the first of its list */
	uint32_t *next_set;	  /* of each set: the next one of its list, or the set count */
	struct packed fresh;	  /* what will be known of the list that is being written */
	void *item;		  /* one that is known, as large as the largest */
	LIST(const void *) order; /* of a list that is being written */
	LIST(const void *) known_order;
	bool is_tiered;	      /* it keeps incidents, too */
	unsigned int aligned; /* tiers whose last moment all coarser ones have, too */
	int64_t run, moment;
	int64_t bulk_rows; /* written so far */
	int error;	   /* that has ended it */
};

static inline const void *items__get(const struct items *items, size_t place)
{
	return items->order ? items->order[place] : items->list + place * items->size;
}

/* Whether rows of a tier are still on their way out. */
static inline bool recorder__is_sweeping(const struct recorder *recorder, uint32_t tier)
{
	return recorder->sweeps[tier].before &&
	       recorder->sweeps[tier].place < recorder->info.set_count;
}

/* Runs a statement whose parameters are bound. 0 or -errno. */
int recorder__insert(const struct database *database, sqlite3_stmt *statement);

/* The mirror has aged to this moment: writes what differs in the view. lent: one that is. */
int recorder__write_sets(struct tier_writer *tier, const void *view, const void *lent);

/* Makes room for what all tiers know: 0, or -ENOMEM after one line. */
int recorder__init_known(struct recorder *recorder, const char *path);
void recorder__free_known(struct recorder *recorder);

/* Whether time alone changes items of a list. */
bool tier_writer__ages(const struct tier_writer *tier, uint32_t first);

/* Makes the item of a list that is known, at the cursor, recorder->item, as it is now. */
void tier_writer__unpack(const struct tier_writer *tier, uint32_t first,
			 const struct packed_cursor *cursor);

/* The same of an item that is lent. Returns recorder->item, or the item if it does not age. */
const void *tier_writer__borrow(const struct tier_writer *tier, uint32_t first, const void *item);

/* Forgets all that is known. */
void tier_writer__forget(struct tier_writer *tier);

/*
 * Copies what is known of the view that is lent; of the sets that have been written, of the one
 * that is being written. What there is no memory for is forgotten.
 */
void tier_writer__copy_lent(struct tier_writer *tier, const void *lent, const void *written);

/* The view that has been written is what is known. */
void tier_writer__lend(struct tier_writer *tier);

/* Whether no finer tier is written. */
bool tier_writer__is_finest(const struct tier_writer *tier);

/* An item has gone: the tiers that may not have its last figures get it. 0 or -errno. */
int recorder__carry(struct tier_writer *tier, uint32_t place, const void *item);

/* The same for all items of the mirror that are not in the list. */
int recorder__carry_all(struct tier_writer *tier, uint32_t place, const struct list *list);

/* What was carried has been written. */
void recorder__drop_carried(struct tier_writer *tier);

/*
 * The list's items, and those that are carried and not in it, in the order of their keys; until the
 * next call. Two items of the list with equal keys are an error. 0 or -errno after one line.
 */
int recorder__order(struct tier_writer *tier, uint32_t place, const struct list *list,
		    struct items *items);

/* Those of a list of the view that is lent, until the next call: 0 or -ENOMEM. */
int recorder__order_lent(const struct tier_writer *tier, uint32_t place, const struct list *list,
			 struct items *items);

/* Takes back what a transaction has done so far. */
void recorder__roll_back(struct recorder *recorder);

#endif
