// SPDX-License-Identifier: GPL-2.0-only
#include "recording/thin.h"

#include <errno.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "base/interrupt.h"
#include "recording/recorder_internal.h"

/* Some ms of work; a whole moment of 1,000 vCPUs has some thousands of rows. */
#define ROWS_A_STEP 512

/* A bulk set's row takes a page, of which other rows share one: so many of them. */
#define ROWS_OF_BULK 16

static int64_t age_of(sqlite3_stmt *row, const struct thin_now *now)
{
	uint64_t realtime_ns = (uint64_t)sqlite3_column_int64(row, 1);

	if (sqlite3_column_int(row, 3)) {
		uint64_t time_ns = (uint64_t)sqlite3_column_int64(row, 2);

		return time_ns < now->time_ns ? (int64_t)(now->time_ns - time_ns) : 0;
	}
	return realtime_ns < now->realtime_ns ? (int64_t)(now->realtime_ns - realtime_ns) : 0;
}

/* The next coarser tier, or the same one. */
static uint32_t find_coarser(const struct recorder *recorder, uint32_t tier)
{
	for (uint32_t i = tier + 1; i < RECORDER_TIERS; i++)
		if (recorder->tiers[i].moments_per_whole)
			return i;
	return tier;
}

/* Rows: id, realtime_ns, time_ns, whether of this boot, whether a reader can begin with it. */
static int add_blocks(const struct recorder *recorder, sqlite3_stmt *rows,
		      const struct thin_now *now, struct list *blocks)
{
	int code;

	while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
		struct moment_block *block;

		if (sqlite3_column_int(rows, 4) || !blocks->count) {
			block = list__add(blocks, sizeof(*block));
			if (!block)
				return database__fail(&recorder->database, SQLITE_NOMEM);
			block->first = sqlite3_column_int64(rows, 0);
		}
		block = (struct moment_block *)blocks->items + blocks->count - 1;
		block->last_ns = (int64_t)now->time_ns - age_of(rows, now);
	}
	return code == SQLITE_DONE ? 0 : database__fail(&recorder->database, code);
}

int thin__blocks(const struct recorder *recorder, uint32_t tier, const struct thin_now *now,
		 struct list *blocks)
{
	const char *own = layout__suffix(tier),
		   *coarser = layout__suffix(find_coarser(recorder, tier));
	sqlite3_stmt *rows;
	char sql[320];
	int error;

	snprintf(
		sql, sizeof(sql),
		"SELECT m.id, m.realtime_ns, m.time_ns, boot_id = ?1, m.whole AND EXISTS (SELECT 1 "
		"FROM moments%s c WHERE c.id = m.id) FROM moments%s m "
		"LEFT JOIN runs ON runs.id = m.run ORDER BY m.id",
		coarser, own);
	error = database__prepare(&recorder->database, sql, &rows);
	if (error)
		return error;
	sqlite3_bind_text(rows, 1, recorder->info.boot_id, -1, SQLITE_STATIC);
	error = add_blocks(recorder, rows, now, blocks);
	sqlite3_finalize(rows);
	return error;
}

/* Those before the first one that has a moment. */
static int delete_runs(const struct recorder *recorder)
{
	sqlite3_str *text = sqlite3_str_new(recorder->database.db);
	char *sql;
	int error;

	sqlite3_str_appendall(text, "DELETE FROM runs WHERE id < (SELECT max(id) FROM runs) "
				    "AND id < (SELECT min(run) FROM (");
	for (uint32_t tier = 0; tier < LAYOUT_TIERS; tier++) {
		const char *suffix = layout__suffix(tier);

		sqlite3_str_appendf(text,
				    "%sSELECT run FROM moments%s WHERE id = (SELECT min(id) "
				    "FROM moments%s)",
				    tier ? " UNION ALL " : "", suffix, suffix);
	}
	sqlite3_str_appendall(text, "))");
	sql = sqlite3_str_finish(text);
	error = sql ? database__run(&recorder->database, sql)
		    : database__fail(&recorder->database, SQLITE_NOMEM);
	sqlite3_free(sql);
	return error;
}

static int cut(struct recorder *recorder, uint32_t tier, int64_t before)
{
	const struct database *database = &recorder->database;
	int error = room__begin(database);
	char sql[96];

	snprintf(sql, sizeof(sql), "DELETE FROM moments%s WHERE id < %lld", layout__suffix(tier),
		 (long long)before);
	if (!error)
		error = database__run(database, sql);
	if (!error)
		error = delete_runs(recorder);
	return error ? error : room__commit(database);
}

/* Its next moment follows one of the coarser tier, and has what went since then. */
static void begin_anew(struct recorder *recorder, uint32_t tier)
{
	uint32_t coarser = find_coarser(recorder, tier);

	recorder->tiers[tier].since_whole = 0;
	if (coarser == tier)
		return;
	recorder->tiers[tier].begins = &recorder->tiers[coarser];
	for (uint32_t i = 0; i < tier; i++)
		if (recorder->tiers[i].begins == &recorder->tiers[tier])
			recorder->tiers[i].begins = &recorder->tiers[coarser];
}

int thin__cut(struct recorder *recorder, uint32_t tier, int64_t before)
{
	const char *guarded = interrupt__guard("thinning a recording");
	int64_t next = before < INT64_MAX ? before : recorder->moment + 1;
	int error = cut(recorder, tier, next);

	if (error) {
		recorder__roll_back(recorder);
	} else {
		recorder->sweeps[tier] = (struct sweep){ next, 1 };
		if (before == INT64_MAX && tier < RECORDER_TIERS)
			begin_anew(recorder, tier);
	}
	interrupt__guard(guarded);
	return error;
}

/* Of the sweep's set: how many rows have gone. */
static int delete_rows(const struct recorder *recorder, uint32_t tier, uint32_t *rows)
{
	const struct sweep *sweep = &recorder->sweeps[tier];
	const struct set *set = recorder->info.sets[sweep->place];
	uint32_t each = set->bulk ? ROWS_OF_BULK : 1;
	sqlite3_stmt *statement;
	int error = layout__delete(&recorder->database, set, tier, &statement);

	if (error)
		return error;
	sqlite3_bind_int64(statement, 1, sweep->before << LAYOUT_ROW_BITS);
	sqlite3_bind_int(statement, 2, (int)(ROWS_A_STEP / each));
	error = recorder__insert(&recorder->database, statement);
	sqlite3_finalize(statement);
	*rows = error ? 0 : (uint32_t)sqlite3_changes(recorder->database.db) * each;
	return error;
}

/* Set after set, until some rows have gone. */
static int sweep_tier(struct recorder *recorder, uint32_t tier, uint32_t *rows)
{
	struct sweep next = recorder->sweeps[tier];
	struct sweep *sweep = &recorder->sweeps[tier];
	int error = room__begin(&recorder->database);

	*rows = 0;
	while (!error && sweep->place < recorder->info.set_count && !*rows) {
		error = delete_rows(recorder, tier, rows);
		sweep->place += !error && *rows < ROWS_A_STEP;
	}
	if (!error)
		error = room__commit(&recorder->database);
	if (error) {
		*rows = 0;
		*sweep = next;
		recorder__roll_back(recorder);
	}
	return error;
}

int thin__sweep(struct recorder *recorder, uint32_t *rows)
{
	const char *guarded = interrupt__guard("thinning a recording");
	int error = 0;

	*rows = 0;
	for (uint32_t tier = 0; tier < LAYOUT_TIERS && !error && !*rows; tier++)
		if (recorder__is_sweeping(recorder, tier))
			error = sweep_tier(recorder, tier, rows);
	interrupt__guard(guarded);
	return error;
}

int thin__give_back(struct recorder *recorder, int64_t pages)
{
	const char *guarded = interrupt__guard("thinning a recording");
	int error = room__begin(&recorder->database);
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA incremental_vacuum(%lld)", (long long)pages);
	if (!error)
		error = database__run(&recorder->database, sql);
	if (!error)
		error = room__commit(&recorder->database);
	if (error)
		recorder__roll_back(recorder);
	interrupt__guard(guarded);
	return error;
}

int thin__measure(const struct recorder *recorder, struct room *room)
{
	return room__measure(&recorder->database, room);
}

int64_t thin__changes(const struct recorder *recorder)
{
	return sqlite3_total_changes64(recorder->database.db) +
	       (ROWS_OF_BULK - 1) * recorder->bulk_rows;
}

uint64_t thin__disk_left(const struct recorder *recorder)
{
	struct statvfs disk;

	if (fstatvfs(recorder->database.fd, &disk))
		return UINT64_MAX;
	return (uint64_t)disk.f_bavail * disk.f_frsize;
}
