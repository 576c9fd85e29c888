// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "daemon/keeper_internal.h"
#include "recording/keep.h"

/* A reader reads at most so many moments before the one that it wants. */
#define MOMENTS_PER_WHOLE 64

/* What goes, goes from one whole moment to the next: so a tier that keeps little has more. */
#define WHOLES_PER_KEEP 4

#define RETRY_NS 10000000000ULL
#define MOST_SET_ASIDE 3 /* or a bad disk would fill with them */

/* An incident has some moments, and those since the whole one before. */
#define MOMENTS_PER_INCIDENT (MOMENTS_PER_WHOLE + 16)

_Static_assert(DAEMON_TIERS == RECORDER_TIERS, "a file has the tiers of the daemon");

static uint32_t moments_per_whole(const struct keeper *keeper, const struct kept_tier *tier)
{
	uint64_t interval_ns = tier->wanted.interval_ns > keeper->info.interval_ns
				       ? tier->wanted.interval_ns
				       : keeper->info.interval_ns;
	uint64_t moments = tier->wanted.keep_ns / (interval_ns ? interval_ns : 1);

	moments /= WHOLES_PER_KEEP;
	if (!kept_tier__is_written(tier))
		return 0;
	if (!moments)
		return 1;
	return moments < MOMENTS_PER_WHOLE ? (uint32_t)moments : MOMENTS_PER_WHOLE;
}

/* What the file has from before: its age is told now, and by the monotonic clock from now on. */
static int load_blocks(struct keeper *keeper, const struct thin_now *now)
{
	int error = 0;

	for (uint32_t i = 0; i < DAEMON_TIERS && !error; i++) {
		struct kept_tier *tier = &keeper->tiers[i];

		list_clear(&tier->blocks);
		tier->has_last = false;
		error = thin__blocks(keeper->recorder, i, now, &tier->blocks.all);
		/* A daemon that was killed may have left rows of what it had taken out. */
		if (!error)
			error = thin__cut(keeper->recorder, i,
					  tier->blocks.count ? tier->blocks.list[0].first
							     : INT64_MAX);
	}
	if (!error)
		error = keep__load(keeper->recorder);
	keeper->is_loaded = !error;
	return error;
}

static void close_recorder(struct keeper *keeper)
{
	recorder__close(keeper->recorder);
	keeper->recorder = NULL;
}

static int open_recorder(struct keeper *keeper)
{
	struct recorder_tiers tiers = { .max_bytes = keeper->max_bytes };

	for (uint32_t i = 0; i < DAEMON_TIERS; i++)
		tiers.moments_per_whole[i] = moments_per_whole(keeper, &keeper->tiers[i]);
	keeper->is_loaded = false;
	return recorder__open_tiers(&keeper->recorder, keeper->path, &keeper->info, &tiers);
}

static int rename_one(const char *path, const char *aside, const char *ending)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%s%s", path, ending);
	snprintf(to, sizeof(to), "%s%s", aside, ending);
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) ? -errno : 0;
}

/*
 * With what SQLite has beside it, which may save more of it, and must not be taken for a part of
 * the new one.
 */
static int rename_all(const char *path, const char *aside)
{
	int error = rename_one(path, aside, "-wal");

	if (!error || error == -ENOENT)
		error = rename_one(path, aside, "-shm");
	if (!error || error == -ENOENT)
		error = rename_one(path, aside, "");
	return error;
}

/* The damaged file gets a name with the time, and a new one is begun. */
static int set_aside(struct keeper *keeper)
{
	time_t now = time(NULL);
	struct tm utc;
	char text[32], aside[PATH_MAX];
	int error;

	if (keeper->state.set_aside == MOST_SET_ASIDE)
		return -EBADMSG;
	strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &utc));
	snprintf(aside, sizeof(aside), "%s.damaged-%s", keeper->path, text);
	error = rename_all(keeper->path, aside);
	if (error) {
		log_error("%s: '%s' is damaged, and cannot be renamed: %s: move it away",
			  keeper->info.option, keeper->path, strerror(-error));
		return error;
	}
	keeper->state.set_aside++;
	log_keep_errors(false);
	log_warning("'%s' was damaged: it is now '%s', and a new one is begun: 'sqlite3 FILE "
		    ".recover' saves what it can",
		    keeper->path, aside);
	log_keep_errors(true);
	return open_recorder(keeper);
}

/* A recording that turned out to be damaged while it was written. */
static int replace_damaged(struct keeper *keeper)
{
	if (keeper->recorder)
		recorder__give_up(keeper->recorder);
	close_recorder(keeper);
	return recorder__is_damaged(keeper->path) ? set_aside(keeper) : -EBADMSG;
}

static int open_or_replace(struct keeper *keeper)
{
	int error = open_recorder(keeper);

	return error == -EBADMSG ? replace_damaged(keeper) : error;
}

static int copy_info(struct keeper *keeper, const char *path, const struct recording_info *info)
{
	keeper->path = strdup(path);
	keeper->version = strdup(info->version);
	keeper->boot_id = strdup(info->boot_id);
	keeper->host = strdup(info->host);
	if (!keeper->path || !keeper->version || !keeper->boot_id || !keeper->host)
		return -ENOMEM;
	keeper->info = *info;
	keeper->info.version = keeper->version;
	keeper->info.boot_id = keeper->boot_id;
	keeper->info.host = keeper->host;
	return 0;
}

/* What may be over later, while the daemon goes on. */
static bool is_passing(int error)
{
	return error == -ENOSPC || error == -EDQUOT || error == -EFBIG || error == -EIO;
}

/* The next coarser tier that is kept, or NULL. */
static struct kept_tier *next_kept(struct keeper *keeper, uint32_t place)
{
	for (uint32_t i = place + 1; i < DAEMON_TIERS; i++)
		if (keeper->tiers[i].wanted.keep_ns)
			return &keeper->tiers[i];
	return NULL;
}

/* A tier that covers finer ones also gets what comes between its own moments, as these would. */
static void find_covered(struct keeper *keeper)
{
	for (uint32_t i = 0; i < DAEMON_TIERS; i++) {
		keeper->tiers[i].wanted = keeper->asked[i];
		keeper->tiers[i].is_covered = false;
	}
	for (uint32_t i = 0; i < DAEMON_TIERS; i++) {
		struct kept_tier *tier = &keeper->tiers[i], *next = next_kept(keeper, i);

		tier->is_covered = tier->wanted.keep_ns && next &&
				   next->wanted.keep_ns >= tier->wanted.keep_ns &&
				   next->wanted.interval_ns <= keeper->info.interval_ns;
		if (tier->is_covered)
			next->wanted.interval_ns = tier->wanted.interval_ns;
	}
}

void keeper__set_interval(struct keeper *keeper, uint64_t interval_ns)
{
	bool before[DAEMON_TIERS], changed = false;

	for (uint32_t i = 0; i < DAEMON_TIERS; i++)
		before[i] = keeper->tiers[i].is_covered;
	keeper->info.interval_ns = interval_ns;
	find_covered(keeper);
	for (uint32_t i = 0; i < DAEMON_TIERS; i++)
		changed |= keeper->tiers[i].is_covered != before[i];
	if (changed && keeper->recorder)
		close_recorder(keeper); /* the next moment opens it, with these tiers */
}

int keeper__open(struct keeper **result, const char *path,
		 const struct daemon_tier tiers[DAEMON_TIERS], uint64_t max_bytes,
		 const struct recording_info *info)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));
	int error = keeper ? copy_info(keeper, path, info) : -ENOMEM;

	if (error) {
		log_error("%s: '%s': no memory: end something", info->option, path);
		keeper__close(keeper);
		return error;
	}
	memcpy(keeper->asked, tiers, sizeof(keeper->asked));
	find_covered(keeper);
	keeper->max_bytes = max_bytes < ROOM_LEAST_BYTES ? ROOM_LEAST_BYTES : max_bytes;
	log_keep_errors(true);
	error = open_or_replace(keeper);
	log_keep_errors(false);
	if (error)
		log_error("%s", log_kept());
	if (error && !is_passing(error)) {
		keeper__close(keeper);
		return error;
	}
	keeper->error = error;
	*result = keeper;
	return 0;
}

/* Recorded intervals are hardly ever exact. */
static uint64_t tolerance(const struct keeper *keeper, const struct kept_tier *tier)
{
	uint64_t least = keeper->info.interval_ns < tier->wanted.interval_ns
				 ? keeper->info.interval_ns
				 : tier->wanted.interval_ns;

	return least / 2;
}

/* A coarser tier has only moments that the finer ones have, too. */
static unsigned int due_tiers(const struct keeper *keeper, uint64_t now_ns)
{
	unsigned int due = 0;

	for (uint32_t i = 0; i < DAEMON_TIERS; i++) {
		const struct kept_tier *tier = &keeper->tiers[i];

		if (!kept_tier__is_written(tier))
			continue;
		if (tier->has_last &&
		    now_ns + tolerance(keeper, tier) < tier->last_ns + tier->wanted.interval_ns)
			break;
		due |= 1U << i;
	}
	return due;
}

static int note_block(struct keeper *keeper, uint32_t place)
{
	struct kept_tier *tier = &keeper->tiers[place];
	struct moment_block *block;

	if (recorder__can_begin(keeper->recorder, place) || !tier->blocks.count) {
		block = list_add(&tier->blocks);
		if (!block)
			return -ENOMEM;
		block->first = recorder__moment(keeper->recorder);
	}
	tier->blocks.list[tier->blocks.count - 1].last_ns = (int64_t)tier->last_ns;
	return 0;
}

static int note_written(struct keeper *keeper, unsigned int due, uint64_t now_ns)
{
	int error = 0;

	for (uint32_t i = 0; i < DAEMON_TIERS; i++) {
		struct kept_tier *tier = &keeper->tiers[i];
		int failed;

		if (!(due & 1U << i))
			continue;
		tier->last_ns = now_ns;
		tier->has_last = true;
		list_clear(&tier->exited);
		keeper->state.moments[i]++;
		failed = note_block(keeper, i);
		error = failed ? failed : error;
	}
	return error;
}

/* Thinning that fails does not keep a moment from being written. */
static int write_and_thin(struct keeper *keeper, const struct view *view,
			  const struct thin_now *now)
{
	unsigned int due;
	int error = keeper->is_loaded ? 0 : load_blocks(keeper, now), failed;

	if (error)
		return error;
	due = due_tiers(keeper, now->time_ns);
	failed = keeper__thin(keeper, now);
	if (failed == -EBADMSG)
		return failed;
	keeper->state.failed += failed != 0;
	if (due)
		error = keeper__write(keeper, view, due);
	return due && !error ? note_written(keeper, due, now->time_ns) : error;
}

static int open_again(struct keeper *keeper, uint64_t now_ns)
{
	int error;

	if (keeper->recorder && recorder__was_replaced(keeper->recorder))
		close_recorder(keeper);
	if (keeper->recorder)
		return 0;
	if (now_ns < keeper->retry_ns)
		return keeper->error ? keeper->error : -EAGAIN;
	error = open_or_replace(keeper);
	if (error)
		keeper->retry_ns = now_ns + RETRY_NS;
	return error;
}

static int take(struct keeper *keeper, const struct view *view)
{
	const struct thin_now now = { view->sched.time_ns, view->sched.realtime_ns };
	int error = open_again(keeper, now.time_ns);

	if (error)
		return error;
	error = write_and_thin(keeper, view, &now);
	if (error != -EBADMSG)
		return error;
	error = replace_damaged(keeper);
	return error ? error : write_and_thin(keeper, view, &now);
}

/* Once for each trouble, and when it is over. */
static void tell(struct keeper *keeper, int error)
{
	if (error && error != keeper->error) {
		log_error("%s", log_kept());
		snprintf(keeper->state.error, sizeof(keeper->state.error), "%s", log_kept());
	} else if (!error && keeper->error) {
		log_warning("'%s' is written again: %llu moments are missing in all", keeper->path,
			    (unsigned long long)keeper->state.dropped);
		keeper->state.error[0] = '\0';
	}
	keeper->state.dropped += error != 0;
	keeper->error = error;
}

/* If the recorder has not been given this view, the one that it was lent goes now. */
static void take_back(struct keeper *keeper)
{
	if (keeper->recorder && keeper->before && !keeper->has_given)
		recorder__take_back(keeper->recorder, keeper->before);
}

static int take_one(struct keeper *keeper, const struct view *view)
{
	struct room room;
	int error;

	keeper->has_given = false;
	keeper__note_exited(keeper, view);
	log_keep_errors(true);
	error = take(keeper, view);
	take_back(keeper);
	if (keeper->recorder && !thin__measure(keeper->recorder, &room)) {
		keeper->state.bytes = room.bytes;
		keeper->state.lost = recorder__lost(keeper->recorder);
	}
	log_keep_errors(false);
	tell(keeper, error);
	return error;
}

int keeper__take(struct keeper *keeper, const struct view *view)
{
	keeper->lends = false;
	keeper->before = NULL;
	return take_one(keeper, view);
}

int keeper__take_next(struct keeper *keeper, const struct view *before, const struct view *view)
{
	int error;

	keeper->lends = true;
	keeper->before = before;
	error = take_one(keeper, view);
	keeper->before = NULL;
	return error;
}

int keeper__keep(struct keeper *keeper, struct incident *incident, uint64_t max_bytes)
{
	struct recorded_incident kept = { .since_ns = incident->since_ns,
					  .until_ns = incident->until_ns };
	int64_t pages = MOMENTS_PER_INCIDENT * keeper->most_pages + LEAST_PAGES;
	int64_t most = (int64_t)(keeper->max_bytes / ROOM_PAGE_BYTES / 4);
	int error = keeper->recorder ? 0 : -ENODEV;

	if (error)
		log_error("%s: '%s' has no room for an incident: see above", keeper->info.option,
			  keeper->path);
	snprintf(kept.vm, sizeof(kept.vm), "%s", incident->vm);
	snprintf(kept.rule, sizeof(kept.rule), "%s", incident->rule);
	snprintf(kept.verdict, sizeof(kept.verdict), "%s", incident->verdict);
	if (!error)
		error = keeper__make_room(keeper, pages < most ? pages : most);
	if (!error)
		error = keep__add(keeper->recorder, &kept, max_bytes);
	incident->id = kept.id;
	return error;
}

void keeper__state(const struct keeper *keeper, struct keeper_state *state)
{
	*state = keeper->state;
}

void keeper__close(struct keeper *keeper)
{
	if (!keeper)
		return;
	close_recorder(keeper);
	for (uint32_t i = 0; i < DAEMON_TIERS; i++) {
		list_free(&keeper->tiers[i].blocks);
		list_free(&keeper->tiers[i].exited);
		list_free(&keeper->tiers[i].vms);
	}
	free(keeper->path);
	free(keeper->version);
	free(keeper->boot_id);
	free(keeper->host);
	free(keeper);
}
