/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes moments to a file: what a set describes is recorded, and nothing else. Each moment is one
 * transaction. After a crash at most the moment in progress is missing; after a loss of power,
 * those since the last checkpoint (512 pages, some seconds to minutes). No moment is ever half
 * there.
 */
#ifndef KVMQ_RECORDER_H
#define KVMQ_RECORDER_H

#include <stdbool.h>

#include "recording/info.h"

#define RECORDER_TIERS 3

struct recorder;

/*
 * Makes the file, or begins another run in a recording by the same tool; any other file is refused
 * and left alone. Privileges are not needed afterwards. Ignore SIGXFSZ before. recorder__close()
 * it. -errno after one line.
 */
int recorder__open(struct recorder **result, const char *path, const struct recording_info *info);

/*
 * Adds a moment; its lists need no order. -errno after one line; from then on it writes nothing,
 * and returns the same -errno without a line: the tool goes on.
 */
int recorder__write(struct recorder *recorder, const void *view);

/* What a file of several tiers is to be. */
struct recorder_tiers {
	uint32_t moments_per_whole[RECORDER_TIERS]; /* of each, the finest first; 0: none such */
	uint64_t max_bytes;			    /* of the file and its "-wal"; 0: any */
};

/* The same for a file of several tiers, which thin.h makes smaller again. */
int recorder__open_tiers(struct recorder **result, const char *path,
			 const struct recording_info *info, const struct recorder_tiers *tiers);

/*
 * Adds a moment to each tier whose bit is set: a view for each, of the same moment. -errno after
 * one line: nothing of it is in the file, and the next one may be written again. -EDQUOT: it would
 * take more room than it may; -ENOSPC: so it is, or the disk is full.
 */
int recorder__write_tiers(struct recorder *recorder, const void *const views[RECORDER_TIERS],
			  unsigned int tiers);

/* What a moment is written of. */
struct recorder_views {
	const void *of[RECORDER_TIERS]; /* each tier */
	/*
	 * That of the finest tier stays as it is until the next call, which gets it as before: so
	 * it need not be copied to tell then what has changed.
	 */
	bool lends;
	const void *before; /* NULL: it is not there any more, and the moment is whole */
};

/* The same. If it fails, nothing is lent. */
int recorder__write_views(struct recorder *recorder, const struct recorder_views *views,
			  unsigned int tiers);

/* The view that was lent will change before the next moment comes: it is copied, if it is lent. */
void recorder__take_back(struct recorder *recorder, const void *view);

/*
 * A view does not fit, whatever goes: what is known of it, and what waits for a coarser tier's next
 * moment, is forgotten.
 */
void recorder__shed(struct recorder *recorder);

/* The last moment that was written; 0: none was. */
int64_t recorder__moment(const struct recorder *recorder);

/* Whether a reader can begin with it in this tier, after a coarser one: what is before it may go.
 */
bool recorder__can_begin(const struct recorder *recorder, uint32_t tier);

/* Items that ended between two moments of a coarser tier, and were too many to be kept for it. */
uint64_t recorder__lost(const struct recorder *recorder);

/* Whether something else is at its path now, or nothing. */
bool recorder__was_replaced(const struct recorder *recorder);

/* Whether a file that was refused with -EBADMSG is a recording all the same, but damaged. */
bool recorder__is_damaged(const char *path);

/* From now on the file is left as it is: for one that is damaged. recorder__close() it. */
void recorder__give_up(struct recorder *recorder);

/* Leaves one file, without "-wal" and "-shm", unless somebody reads it. Accepts NULL. */
void recorder__close(struct recorder *recorder);

#endif
