// SPDX-License-Identifier: GPL-2.0-only
/* What goes, and when. */
#include <string.h>

#include "daemon/keeper_internal.h"
#include "recording/keep.h"

/* More rows go than come, so that none pile up. */
#define ROWS_PER_ROW 2
#define LEAST_ROWS 1024

/* A file of which more than a quarter is unused is made smaller, some pages at a time. */
#define UNUSED_PART 4
#define MOST_PAGES_BACK 128
#define BACK_PART 64 /* of all that there may be, so that it fits into the "-wal" */

/* Lets the first blocks of a tier go. */
static int cut_blocks(struct keeper *keeper, uint32_t tier, size_t blocks)
{
	struct kept_tier *kept = &keeper->tiers[tier];
	size_t left = kept->blocks.count - blocks;
	int error = thin__cut(keeper->recorder, tier,
			      left ? kept->blocks.list[blocks].first : INT64_MAX);

	if (error)
		return error;
	if (left)
		memmove(kept->blocks.list, kept->blocks.list + blocks,
			left * sizeof(*kept->blocks.list));
	kept->blocks.count = left;
	return 0;
}

/*
 * How many blocks of a tier may go while it goes on: not the last one, which is being written, and
 * none that a finer tier begins in.
 */
static size_t count_removable(const struct keeper *keeper, uint32_t tier)
{
	const struct kept_tier *kept = &keeper->tiers[tier];
	size_t count = kept->blocks.count ? kept->blocks.count - 1 : 0;

	for (uint32_t i = 0; i < tier; i++)
		while (keeper->tiers[i].blocks.count && count &&
		       kept->blocks.list[count].first > keeper->tiers[i].blocks.list[0].first)
			count--;
	return count;
}

/*
 * Ages are by the monotonic clock, so setting the time of day changes nothing. An older block keeps
 * younger ones, so one with a wrong time takes nothing with it.
 */
static int thin_tier(struct keeper *keeper, uint32_t tier, const struct thin_now *now)
{
	const struct kept_tier *kept = &keeper->tiers[tier];
	int64_t now_ns = (int64_t)now->time_ns, keep_ns = (int64_t)kept->wanted.keep_ns;
	bool goes_on = kept_tier__is_written(kept);
	size_t most = goes_on ? count_removable(keeper, tier) : kept->blocks.count, old = 0;

	while (old < most && now_ns - kept->blocks.list[old].last_ns > keep_ns)
		old++;
	return old ? cut_blocks(keeper, tier, old) : 0;
}

static int sweep(struct keeper *keeper)
{
	int64_t wanted = ROWS_PER_ROW * keeper->rows + LEAST_ROWS;
	int error = 0;

	while (!error && wanted > 0) {
		uint32_t rows;

		error = thin__sweep(keeper->recorder, &rows);
		if (!rows)
			break;
		wanted -= rows;
	}
	return error;
}

static int give_back(struct keeper *keeper)
{
	struct room room;
	int64_t pages;
	int error = thin__measure(keeper->recorder, &room);

	if (error || (room.pages <= room.max_pages &&
		      room.free_pages <= room.pages / UNUSED_PART + 2 * keeper->most_pages))
		return error;
	pages = room.max_pages / BACK_PART;
	return thin__give_back(keeper->recorder, pages < MOST_PAGES_BACK ? pages : MOST_PAGES_BACK);
}

int keeper__thin(struct keeper *keeper, const struct thin_now *now)
{
	int error = 0;

	for (uint32_t i = 0; i < DAEMON_TIERS && !error; i++)
		error = thin_tier(keeper, i, now);
	if (!error)
		error = sweep(keeper);
	return error ? error : give_back(keeper);
}

/* Old moments, the finest first; then the blocks that are being written; then incidents. */
static int cut_oldest(struct keeper *keeper, bool *has_cut)
{
	*has_cut = true;
	for (uint32_t i = 0; i < DAEMON_TIERS; i++)
		if (count_removable(keeper, i))
			return cut_blocks(keeper, i, 1);
	for (uint32_t i = 0; i < DAEMON_TIERS; i++)
		if (keeper->tiers[i].blocks.count)
			return cut_blocks(keeper, i, keeper->tiers[i].blocks.count);
	return keep__drop_oldest(keeper->recorder, has_cut);
}

int keeper__make_room(struct keeper *keeper, int64_t pages)
{
	bool has_cut = true;
	int error = 0;

	while (!error && has_cut) {
		struct room room;
		uint32_t rows = 0;

		error = thin__measure(keeper->recorder, &room);
		if (error)
			break;
		if (room.max_pages > room.pages)
			room.free_pages += room.max_pages - room.pages;
		if (room.free_pages >= pages)
			break;
		error = thin__sweep(keeper->recorder, &rows);
		if (!error && !rows)
			error = cut_oldest(keeper, &has_cut);
	}
	return error;
}
