// SPDX-License-Identifier: GPL-2.0-only

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/interrupt.h"
#include "base/log.h"
#include "recording/layout.h"
#include "recording/recorder_internal.h"
#include "recording/room.h"

/* So a reader that begins in the middle reads at most so many moments before. */
#define MOMENTS_PER_WHOLE 64

/* Where a coarser tier has a moment that seldom, at most so many times as many. */
#define WHOLE_WAITS 8

_Static_assert(RECORDER_TIERS == LAYOUT_KEPT, "the other tier is that of incidents");

void recorder__roll_back(struct recorder *recorder)
{
	if (!sqlite3_get_autocommit(recorder->database.db))
		sqlite3_exec(recorder->database.db, "ROLLBACK", NULL, NULL, NULL);
}

static int write_tier(struct tier_writer *tier, int64_t moment, const void *view,
		      const void *before)
{
	const struct set *moments = tier->info->sets[0];
	struct mirror *mirror = &tier->mirror;

	tier->moment = moment;
	memset(tier->rows, 0, tier->info->set_count * sizeof(*tier->rows));
	mirror__turn(mirror);
	mirror__copy_item(moments, mirror_place(moments, mirror->view),
			  mirror_place(moments, view));
	mirror__age(mirror);
	tier->since_whole = tier->is_whole ? 1 : tier->since_whole + 1;
	return recorder__write_sets(tier, view, before);
}

/* The tiers whose coarser ones all have this moment, too. */
static unsigned int find_aligned(const struct recorder *recorder, unsigned int tiers)
{
	unsigned int aligned = 0;

	for (uint32_t i = RECORDER_TIERS; i-- > 0;) {
		if (!recorder->tiers[i].moments_per_whole)
			continue;
		if (!(tiers & 1U << i))
			break;
		aligned |= 1U << i;
	}
	return aligned;
}

/*
 * Where a finer tier begins, a coarser one has to have a moment: then it is between two of its own
 * moments, and nothing of what went meanwhile is missing. So that is what whole moments wait for,
 * but not for ever.
 */
static bool is_whole_due(const struct tier_writer *tier, bool is_aligned)
{
	uint32_t wanted = tier->moments_per_whole;

	return !tier->since_whole ||
	       tier->since_whole >= (is_aligned ? wanted : wanted * WHOLE_WAITS);
}

/* What is known of the moment before, and how this one will be. */
static void begin_tier(struct tier_writer *tier, const struct recorder_views *views, bool is_due)
{
	tier->done = 0;
	/* A view that is lent is what has been written, and nothing else. */
	tier->lends = views->lends && is_due && !tier->begins && tier_writer__is_finest(tier);
	if (!tier->is_lent)
		return;
	if (!views->before) {
		tier->is_lent = false;
		tier->since_whole = 0;
	} else if (!tier->lends) {
		tier_writer__copy_lent(tier, views->before, NULL);
	}
}

static int write_all(struct recorder *recorder, const struct recorder_views *views,
		     unsigned int tiers)
{
	int error = room__begin(&recorder->database);

	recorder->aligned = find_aligned(recorder, tiers);
	for (uint32_t i = 0; i < RECORDER_TIERS && !error; i++) {
		struct tier_writer *tier = &recorder->tiers[i];

		if (!(tiers & 1U << i) || !tier->moments_per_whole)
			continue;
		tier->is_whole = is_whole_due(tier, recorder->aligned & 1U << i);
		error = write_tier(tier, recorder->moment + 1, views->of[i], views->before);
	}
	return error ? error : room__commit(&recorder->database);
}

static void end_moment(struct recorder *recorder, unsigned int tiers)
{
	recorder->moment++;
	for (uint32_t i = 0; i < RECORDER_TIERS; i++) {
		struct tier_writer *tier = &recorder->tiers[i];

		if (!(tiers & 1U << i) || !tier->moments_per_whole)
			continue;
		tier->written = recorder->moment;
		tier->begins = NULL;
		recorder__drop_carried(tier);
		if (!tier->lends)
			continue;
		tier_writer__lend(tier);
		/* Only coarser ones need it, and seldom. */
		packed__free(&recorder->fresh);
	}
}

/* What is known now may not be in the file. */
static void fail_moment(struct recorder *recorder, const struct recorder_views *views)
{
	recorder__roll_back(recorder);
	for (uint32_t i = 0; i < RECORDER_TIERS; i++) {
		struct tier_writer *tier = &recorder->tiers[i];

		tier->since_whole = 0;
		if (tier->is_lent || tier->lends)
			tier_writer__copy_lent(tier, views->before, views->of[i]);
	}
}

int recorder__write_views(struct recorder *recorder, const struct recorder_views *views,
			  unsigned int tiers)
{
	const char *before = interrupt__guard("recording");
	int error;

	for (uint32_t i = 0; i < RECORDER_TIERS; i++)
		if (recorder->tiers[i].moments_per_whole)
			begin_tier(&recorder->tiers[i], views, tiers & 1U << i);
	error = write_all(recorder, views, tiers);
	if (error)
		fail_moment(recorder, views);
	else
		end_moment(recorder, tiers);
	interrupt__guard(before);
	return error;
}

int recorder__write_tiers(struct recorder *recorder, const void *const views[RECORDER_TIERS],
			  unsigned int tiers)
{
	struct recorder_views all = { 0 };

	memcpy(all.of, views, sizeof(all.of));
	return recorder__write_views(recorder, &all, tiers);
}

void recorder__take_back(struct recorder *recorder, const void *view)
{
	for (uint32_t i = 0; i < RECORDER_TIERS; i++) {
		struct tier_writer *tier = &recorder->tiers[i];

		tier->done = 0;
		if (tier->is_lent)
			tier_writer__copy_lent(tier, view, NULL);
	}
}

void recorder__shed(struct recorder *recorder)
{
	for (uint32_t i = 0; i < RECORDER_TIERS; i++) {
		struct tier_writer *tier = &recorder->tiers[i];

		if (!tier->moments_per_whole)
			continue;
		for (uint32_t j = 0; j < tier->info->set_count; j++)
			tier->lost += tier->carried[j].count;
		recorder__drop_carried(tier);
		tier_writer__forget(tier);
	}
}

int recorder__write(struct recorder *recorder, const void *view)
{
	const void *const views[RECORDER_TIERS] = { view };

	if (!recorder->error)
		recorder->error = recorder__write_tiers(recorder, views, 1);
	return recorder->error;
}

int64_t recorder__moment(const struct recorder *recorder)
{
	return recorder->moment;
}

bool recorder__can_begin(const struct recorder *recorder, uint32_t tier)
{
	const struct tier_writer *writer = &recorder->tiers[tier];

	return writer->moment == recorder->moment && writer->is_whole &&
	       (recorder->aligned & 1U << tier);
}

uint64_t recorder__lost(const struct recorder *recorder)
{
	uint64_t lost = 0;

	for (uint32_t i = 0; i < RECORDER_TIERS; i++)
		lost += recorder->tiers[i].lost;
	return lost;
}

bool recorder__was_replaced(const struct recorder *recorder)
{
	return database__was_replaced(&recorder->database);
}

void recorder__give_up(struct recorder *recorder)
{
	recorder->error = -EBADMSG;
}

/* A file by another tool cannot be continued. */
static int check_tool(const struct recorder *recorder)
{
	const struct database *database = &recorder->database;
	sqlite3_stmt *statement;
	const char *tool;
	int error = database__prepare(database, "SELECT tool FROM runs ORDER BY id DESC LIMIT 1",
				      &statement);

	if (error)
		return error;
	tool = sqlite3_step(statement) == SQLITE_ROW
		       ? (const char *)sqlite3_column_text(statement, 0)
		       : NULL;
	if (!tool || strcmp(tool, recorder->info.tool) != 0)
		error = database__refuse(database, -EEXIST,
					 "is a recording by %s: give another name",
					 tool ? tool : "nobody");
	sqlite3_finalize(statement);
	return error;
}

/* Also of tiers that are not written any more: what is there goes in time. */
static bool has_tier(const struct recorder *recorder, uint32_t tier)
{
	return !tier || recorder->is_tiered;
}

/* Checks the tables of a tier, or makes what it lacks. */
static int prepare_tier(const struct recorder *recorder, uint32_t tier, bool makes)
{
	const struct database *database = &recorder->database;
	int error = 0;

	for (uint32_t i = 0; i < recorder->info.set_count && !error; i++) {
		const struct set *set = recorder->info.sets[i];
		struct layout layout;

		error = layout__load(database, set, tier, &layout);
		if (!error && makes)
			error = layout__extend(database, set, tier, &layout);
		else if (!error)
			error = layout__check(database, set, &layout);
		layout__free(&layout);
	}
	return error;
}

static int prepare_tables(const struct recorder *recorder, bool makes)
{
	int error = 0;

	for (uint32_t tier = 0; tier < LAYOUT_TIERS && !error; tier++)
		if (has_tier(recorder, tier))
			error = prepare_tier(recorder, tier, makes);
	return error;
}

/* All that may be refused, before the file is changed. */
static int check(const struct recorder *recorder)
{
	int error;

	if (recorder->database.is_blank)
		return 0;
	error = check_tool(recorder);
	return error ? error : prepare_tables(recorder, false);
}

static int begin_run(struct recorder *recorder)
{
	const struct recording_info *info = &recorder->info;
	struct timespec now;
	sqlite3_stmt *statement;
	int error =
		database__prepare(&recorder->database,
				  "INSERT INTO runs VALUES (NULL, ?, ?, ?, ?, ?, ?)", &statement);

	if (error)
		return error;
	clock_gettime(CLOCK_REALTIME, &now);
	sqlite3_bind_text(statement, 1, info->tool, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, info->version, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 3, info->boot_id, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 4, info->host, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 5, now.tv_sec * 1000000000LL + now.tv_nsec);
	sqlite3_bind_int64(statement, 6, (int64_t)info->interval_ns);
	error = recorder__insert(&recorder->database, statement);
	recorder->run = sqlite3_last_insert_rowid(recorder->database.db);
	sqlite3_finalize(statement);
	return error;
}

/* Numbers go on after the last moment of any tier. */
static int find_last(struct recorder *recorder)
{
	int error = 0;

	for (uint32_t tier = 0; tier < LAYOUT_TIERS && !error; tier++) {
		char sql[64];
		int64_t last = 0;

		if (!has_tier(recorder, tier))
			continue;
		snprintf(sql, sizeof(sql), "SELECT max(id) FROM moments%s", layout__suffix(tier));
		error = database__number(&recorder->database, sql, &last);
		if (last > recorder->moment)
			recorder->moment = last;
	}
	return error;
}

/* Tables and the run are there together or not at all. */
static int begin(struct recorder *recorder)
{
	const struct database *database = &recorder->database;
	int error = database__run(database, "BEGIN IMMEDIATE");

	if (!error && database->is_blank)
		error = layout__begin(database);
	if (!error)
		error = layout__set_version(database);
	if (!error)
		error = prepare_tables(recorder, true);
	if (!error && recorder->is_tiered)
		error = layout__make_incidents(database);
	if (!error)
		error = begin_run(recorder);
	if (!error)
		error = find_last(recorder);
	return error ? error : room__commit(database);
}

static int open_batches(struct tier_writer *tier)
{
	int error = 0;

	tier->batches = calloc(tier->info->set_count, sizeof(*tier->batches));
	tier->rows = calloc(tier->info->set_count, sizeof(*tier->rows));
	if (!tier->batches || !tier->rows)
		return database__fail(tier->database, SQLITE_NOMEM);
	for (uint32_t i = 0; i < tier->info->set_count && !error; i++)
		error = batch__open(&tier->batches[i], tier->database, tier->info->sets[i],
				    tier->number);
	return error;
}

static int prepare_tiers(struct recorder *recorder)
{
	int error = 0;

	for (uint32_t i = 0; i < RECORDER_TIERS && !error; i++) {
		struct tier_writer *tier = &recorder->tiers[i];

		tier->run = recorder->run;
		if (tier->moments_per_whole)
			error = open_batches(tier);
	}
	return error;
}

static int init_tiers(struct recorder *recorder, const char *path,
		      const struct recorder_tiers *tiers)
{
	int error = 0;

	recorder->is_tiered = tiers->max_bytes != 0;
	for (uint32_t i = 0; i < RECORDER_TIERS && !error; i++) {
		struct tier_writer *tier = &recorder->tiers[i];

		tier->database = &recorder->database;
		tier->info = &recorder->info;
		tier->number = i;
		tier->moments_per_whole = tiers->moments_per_whole[i];
		tier->recorder = recorder;
		if (!tier->moments_per_whole)
			continue;
		tier->carried = calloc(recorder->info.set_count, sizeof(*tier->carried));
		error = tier->carried ? mirror__init(&tier->mirror, &recorder->info, path)
				      : database__no_memory(recorder->info.option, path);
	}
	return error;
}

static int open_file(struct recorder *recorder, const char *path, uint64_t max_bytes)
{
	int error = database__open_writer(&recorder->database, recorder->info.option, path);

	if (!error)
		error = check(recorder);
	if (!error)
		error = database__use_wal(&recorder->database);
	if (!error && max_bytes)
		error = room__limit(&recorder->database, max_bytes);
	if (!error)
		error = begin(recorder);
	return error ? error : database__check_files(&recorder->database);
}

int recorder__open_tiers(struct recorder **result, const char *path,
			 const struct recording_info *info, const struct recorder_tiers *tiers)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	int error;

	if (!recorder)
		return database__no_memory(info->option, path);
	recorder->info = *info;
	recorder->database.fd = -1;
	error = init_tiers(recorder, path, tiers);
	if (!error)
		error = recorder__init_known(recorder, path);
	if (!error)
		error = open_file(recorder, path, tiers->max_bytes);
	if (!error)
		error = prepare_tiers(recorder);
	if (!error) {
		*result = recorder;
		return 0;
	}
	recorder->error = error;
	recorder__close(recorder);
	return error;
}

int recorder__open(struct recorder **result, const char *path, const struct recording_info *info)
{
	static const struct recorder_tiers one = { .moments_per_whole = { MOMENTS_PER_WHOLE } };

	return recorder__open_tiers(result, path, info, &one);
}

static void close_tier(struct tier_writer *tier)
{
	for (uint32_t i = 0; tier->batches && i < tier->info->set_count; i++)
		batch__close(&tier->batches[i]);
	for (uint32_t i = 0; tier->carried && i < tier->info->set_count; i++)
		list__free(&tier->carried[i]);
	free(tier->carried);
	mirror__free(&tier->mirror);
	free(tier->batches);
	free(tier->rows);
}

static void close_all(struct recorder *recorder)
{
	const char *before = interrupt__guard("ending a recording");

	for (uint32_t i = 0; i < RECORDER_TIERS; i++)
		close_tier(&recorder->tiers[i]);
	recorder__free_known(recorder);
	if (!recorder->error)
		database__leave_wal(&recorder->database);
	database__close(&recorder->database);
	free(recorder);
	interrupt__guard(before);
}

void recorder__close(struct recorder *recorder)
{
	if (recorder)
		close_all(recorder);
}
