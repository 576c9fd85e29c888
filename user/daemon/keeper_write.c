// SPDX-License-Identifier: GPL-2.0-only
/* One moment, with as much room as it takes. */
#include <errno.h>

#include "daemon/keeper_internal.h"

#define WRITE_TRIES 4

static int64_t used_pages(const struct keeper *keeper)
{
	struct room room = { 0 };

	thin__measure(keeper->recorder, &room);
	return room.pages - room.free_pages;
}

/*
 * The recorder adds nothing to the finest tier, which has all; but to one that begins anew, it adds
 * what the next coarser one has.
 */
static const struct view *view_of(struct keeper *keeper, uint32_t place, const struct view *view)
{
	while (!keeper->tiers[place].blocks.count && place + 1 < DAEMON_TIERS)
		place++;
	return keeper__is_finest(keeper, place) ? view
						: keeper__settle(&keeper->tiers[place], view);
}

static int write_views(struct keeper *keeper, const struct view *view, unsigned int due)
{
	struct recorder_views views = { .before = keeper->before, .lends = keeper->lends };

	for (uint32_t i = 0; i < DAEMON_TIERS; i++) {
		views.of[i] = view_of(keeper, i, view);
		if (!views.of[i])
			return -ENOMEM;
		/* One that is settled is not there any more when the next one comes. */
		if (kept_tier__is_written(&keeper->tiers[i]) && keeper__is_finest(keeper, i))
			views.lends &= views.of[i] == view;
	}
	keeper->has_given = true;
	return recorder__write_views(keeper->recorder, &views, due);
}

static void shed(struct keeper *keeper)
{
	recorder__shed(keeper->recorder);
	for (uint32_t i = 0; i < DAEMON_TIERS; i++)
		list_clear(&keeper->tiers[i].exited);
}

/* One that takes more room than thought is tried again with more. */
int keeper__write(struct keeper *keeper, const struct view *view, unsigned int due)
{
	int64_t pages = 2 * keeper->most_pages + LEAST_PAGES, used = 0, rows = 0;
	int error = 0, tries = 0;

	for (; tries < WRITE_TRIES; tries++, pages *= 2) {
		error = keeper__make_room(keeper, pages);
		if (error)
			break;
		used = used_pages(keeper);
		rows = thin__changes(keeper->recorder);
		error = write_views(keeper, view, due);
		/* A disk that others have filled is not made emptier by losing what is there. */
		if (error != -ENOSPC ||
		    thin__disk_left(keeper->recorder) / ROOM_PAGE_BYTES < (uint64_t)pages)
			break;
	}
	if (error == -EDQUOT || tries == WRITE_TRIES)
		shed(keeper);
	if (error)
		return error;
	used = used_pages(keeper) - used;
	keeper->rows = thin__changes(keeper->recorder) - rows;
	keeper->most_pages -= keeper->most_pages / 64;
	if (used > keeper->most_pages)
		keeper->most_pages = used;
	return 0;
}
