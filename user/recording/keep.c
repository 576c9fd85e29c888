// SPDX-License-Identifier: GPL-2.0-only
#include "recording/keep.h"

#include <errno.h>
#include <stdio.h>

#include "base/interrupt.h"
#include "recording/recorder_internal.h"
#include "recording/room.h"

/* The finest tier that is written has what an incident is of. */
static uint32_t finest(const struct recorder *recorder)
{
	uint32_t tier = 0;

	while (tier + 1 < RECORDER_TIERS && !recorder->tiers[tier].moments_per_whole)
		tier++;
	return tier;
}

/* A moment, by a question with up to four numbers: 0 if there is none. */
static int ask(const struct recorder *recorder, const char *question, const int64_t *numbers,
	       int count, int64_t *moment)
{
	sqlite3_stmt *statement;
	int error = database__prepare(&recorder->database, question, &statement), code;

	if (error)
		return error;
	for (int i = 0; i < count; i++)
		sqlite3_bind_int64(statement, i + 1, numbers[i]);
	code = sqlite3_step(statement);
	*moment = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		error = database__fail(&recorder->database, code);
	sqlite3_finalize(statement);
	return error;
}

/* The same of the finest tier's moments. */
static int ask_finest(const struct recorder *recorder, const char *what, const char *where,
		      const int64_t *numbers, int count, int64_t *moment)
{
	char question[192];

	snprintf(question, sizeof(question), "SELECT %s(id) FROM moments%s WHERE %s", what,
		 layout__suffix(finest(recorder)), where);
	return ask(recorder, question, numbers, count, moment);
}

/*
 * The last stretch of moments at these times of day: a clock that was set back has several. The
 * moment before them begins their first interval.
 */
static int find_moments(const struct recorder *recorder, struct recorded_incident *incident,
			int64_t *begin)
{
	int64_t numbers[] = { recorder->run, (int64_t)incident->since_ns,
			      (int64_t)incident->until_ns, 0 };
	int error = ask_finest(recorder, "max", "run = ?1 AND realtime_ns BETWEEN ?2 AND ?3",
			       numbers, 3, &incident->last);

	numbers[3] = incident->last;
	if (!error)
		error = ask_finest(recorder, "max",
				   "run = ?1 AND id < ?4 AND NOT realtime_ns BETWEEN ?2 AND ?3",
				   numbers, 4, &incident->first);
	if (!error && !incident->first)
		error = ask_finest(recorder, "min", "run = ?1", numbers, 1, &incident->first);
	numbers[0] = incident->first;
	if (!error)
		error = ask_finest(recorder, "max", "whole AND id <= ?1", numbers, 1, begin);
	if (error || (incident->last && *begin))
		return error;
	return database__refuse(&recorder->database, -ENODATA,
				"has no moments of this incident: keep the finest tier for longer");
}

static int copy_set(const struct recorder *recorder, const struct set *set, int64_t from,
		    int64_t to)
{
	sqlite3_stmt *statement;
	int error =
		layout__copy(&recorder->database, set, finest(recorder), LAYOUT_KEPT, &statement);

	if (error)
		return error;
	sqlite3_bind_int64(statement, 1, from);
	sqlite3_bind_int64(statement, 2, to);
	error = recorder__insert(&recorder->database, statement);
	sqlite3_finalize(statement);
	return error;
}

static int copy_moments(const struct recorder *recorder, int64_t begin, int64_t last)
{
	const struct recording_info *info = &recorder->info;
	int error = copy_set(recorder, info->sets[0], begin, last);

	for (uint32_t i = 1; i < info->set_count && !error; i++)
		error = copy_set(recorder, info->sets[i], begin << LAYOUT_ROW_BITS,
				 ((last + 1) << LAYOUT_ROW_BITS) - 1);
	return error;
}

static int insert(const struct recorder *recorder, struct recorded_incident *incident,
		  int64_t begin, int64_t bytes)
{
	const struct database *database = &recorder->database;
	sqlite3_stmt *statement;
	int error = database__prepare(
		database, "INSERT INTO incidents VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		&statement);

	if (error)
		return error;
	sqlite3_bind_int64(statement, 1, begin);
	sqlite3_bind_int64(statement, 2, incident->first);
	sqlite3_bind_int64(statement, 3, incident->last);
	sqlite3_bind_int64(statement, 4, (int64_t)incident->since_ns);
	sqlite3_bind_int64(statement, 5, (int64_t)incident->until_ns);
	sqlite3_bind_text(statement, 6, incident->vm, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 7, incident->rule, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 8, incident->verdict, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 9, bytes);
	error = recorder__insert(database, statement);
	incident->id = sqlite3_last_insert_rowid(database->db);
	sqlite3_finalize(statement);
	return error;
}

/* Before this moment, none is needed. */
static int find_needed(const struct recorder *recorder, int64_t *before)
{
	return ask(recorder, "SELECT ifnull(min(whole), 1 << 42) FROM incidents", NULL, 0, before);
}

/* Deletes the oldest one, and moments that no other one needs. */
static int delete_oldest(const struct recorder *recorder, int64_t *before)
{
	const struct database *database = &recorder->database;
	int error = database__run(database, "DELETE FROM incidents WHERE id = (SELECT min(id) FROM "
					    "incidents)");

	if (!error)
		error = database__run(database,
				      "DELETE FROM moments_kept WHERE id < ifnull((SELECT "
				      "min(whole) FROM incidents), 1 << 42)");
	return error ? error : find_needed(recorder, before);
}

/* The oldest ones go until the rest takes so many bytes. */
static int trim(const struct recorder *recorder, int64_t newest, uint64_t max_bytes,
		int64_t *before)
{
	int64_t bytes = 0, oldest = 0;
	int error;

	for (;;) {
		error = ask(recorder, "SELECT total(bytes) FROM incidents", NULL, 0, &bytes);
		if (error || (uint64_t)bytes <= max_bytes)
			return error;
		error = ask(recorder, "SELECT min(id) FROM incidents", NULL, 0, &oldest);
		if (!error && oldest == newest)
			error = database__refuse(&recorder->database, -EDQUOT,
						 "has no room for this incident: allow more bytes");
		if (!error)
			error = delete_oldest(recorder, before);
		if (error)
			return error;
	}
}

static int64_t used_pages(const struct room *room)
{
	return room->pages - room->free_pages;
}

/*
 * The first of these moments that no other incident has kept. Where all VMs of a host wait at once,
 * each of them has an incident of the same moments.
 */
static int find_missing(const struct recorder *recorder, int64_t begin, int64_t last,
			int64_t *missing)
{
	const int64_t numbers[] = { begin, last };

	return ask_finest(recorder, "min",
			  "id BETWEEN ?1 AND ?2 AND id NOT IN (SELECT id FROM moments_kept)",
			  numbers, 2, missing);
}

static int add(const struct recorder *recorder, struct recorded_incident *incident,
	       uint64_t max_bytes, int64_t *before)
{
	const struct database *database = &recorder->database;
	struct room was, is;
	int64_t begin = 0, missing = 0;
	int error = find_moments(recorder, incident, &begin);

	if (!error)
		error = find_missing(recorder, begin, incident->last, &missing);
	if (!error)
		error = room__measure(database, &was);
	if (!error && missing)
		error = copy_moments(recorder, missing, incident->last);
	if (!error)
		error = room__measure(database, &is);
	if (!error)
		error = insert(recorder, incident, begin,
			       (used_pages(&is) - used_pages(&was)) * ROOM_PAGE_BYTES);
	return error ? error : trim(recorder, incident->id, max_bytes, before);
}

/* Ends a transaction that may have taken out the moments before one. */
static int finish(struct recorder *recorder, int error, int64_t before)
{
	if (!error)
		error = room__commit(&recorder->database);
	if (error)
		recorder__roll_back(recorder);
	else if (before)
		recorder->sweeps[LAYOUT_KEPT] = (struct sweep){ before, 1 };
	return error;
}

int keep__add(struct recorder *recorder, struct recorded_incident *incident, uint64_t max_bytes)
{
	const char *guarded = interrupt__guard("keeping an incident");
	int64_t before = 0;
	int error = room__begin(&recorder->database);

	if (!error)
		error = add(recorder, incident, max_bytes, &before);
	/* It may need moments that were to go. */
	if (!error && !before && recorder__is_sweeping(recorder, LAYOUT_KEPT))
		error = find_needed(recorder, &before);
	error = finish(recorder, error, before);
	interrupt__guard(guarded);
	return error;
}

int keep__load(struct recorder *recorder)
{
	int64_t before;
	int error = find_needed(recorder, &before);

	if (!error)
		recorder->sweeps[LAYOUT_KEPT] = (struct sweep){ before, 1 };
	return error;
}

int keep__drop_oldest(struct recorder *recorder, bool *gone)
{
	const char *guarded = interrupt__guard("thinning a recording");
	int64_t before = 0, count = 0;
	int error = room__begin(&recorder->database);

	if (!error)
		error = ask(recorder, "SELECT count(*) FROM incidents", NULL, 0, &count);
	if (!error && count)
		error = delete_oldest(recorder, &before);
	error = finish(recorder, error, before);
	*gone = !error && count;
	interrupt__guard(guarded);
	return error;
}
