/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes a recording of several tiers smaller. Counters are absolute, so moments can be left out.
 * What is before a whole moment goes in two steps: first the moments, in one transaction, so that
 * no reader begins in the middle; then their rows, some at a time. Everything here is between the
 * writer's transactions, and returns 0 or -errno after one line.
 */
#ifndef KVMQ_THIN_H
#define KVMQ_THIN_H

#include "model/list.h"
#include "recording/recorder.h"
#include "recording/room.h"

/*
 * A moment that a reader can begin with, and those up to the next one: they are taken out together.
 */
struct moment_block {
	int64_t first;	 /* moment, which is whole, and in all coarser tiers, too */
	int64_t last_ns; /* of the last one: by the monotonic clock of this boot, also before it */
};

/* What time it is now, by both clocks. */
struct thin_now {
	uint64_t time_ns, realtime_ns;
};

/*
 * Adds the blocks that a tier has to a list, the first one first. The age of an earlier boot's
 * moment is told by the time of day; one that is later than now has an age of 0.
 */
int thin__blocks(const struct recorder *recorder, uint32_t tier, const struct thin_now *now,
		 struct list *blocks);

/* Takes out a tier's moments before this one, which is whole. INT64_MAX: all; then it begins anew.
 */
int thin__cut(struct recorder *recorder, uint32_t tier, int64_t before);

/* Takes out rows of moments that are no longer there: one step. *rows: how many; 0: none is left.
 */
int thin__sweep(struct recorder *recorder, uint32_t *rows);

/* Gives unused pages at the end back to the disk, so many at most. */
int thin__give_back(struct recorder *recorder, int64_t pages);

int thin__measure(const struct recorder *recorder, struct room *room);

/* How many rows have been written and taken out since it was opened. */
int64_t thin__changes(const struct recorder *recorder);

/* How many bytes its disk has left for it; UINT64_MAX: not known. */
uint64_t thin__disk_left(const struct recorder *recorder);

#endif
