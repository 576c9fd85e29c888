// SPDX-License-Identifier: GPL-2.0-only
#include "recording/recording.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "recording/layout.h"
#include "recording/recording_internal.h"

/* Steps to the first row from a moment on, or to the first whole one. Returns SQLite's code. */
static int find_moment(struct recording *recording, int64_t from, bool whole)
{
	sqlite3_stmt *statement = recording->selects[0];

	sqlite3_reset(statement);
	sqlite3_bind_int64(statement, 1, from);
	sqlite3_bind_int(statement, 2, whole);
	return sqlite3_step(statement);
}

/* If the next moments have been deleted meanwhile, goes on at the next whole one. */
static int find_next(struct recording *recording)
{
	int code = find_moment(recording, recording->moment + 1, recording->is_lost);

	if (code == SQLITE_ROW && !recording->is_lost &&
	    sqlite3_column_int64(recording->selects[0], 0) != recording->moment + 1)
		code = find_moment(recording, recording->moment + 1, true);
	return code;
}

static void copy_text(char *to, size_t size, sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	snprintf(to, size, "%s", text ? text : "");
}

/* Reads the moment's run, if that is not the last one's. */
static int read_run(struct recording *recording, int64_t id)
{
	struct recording_run *run = &recording->run;
	sqlite3_stmt *row;
	int error;

	if (id == run->id)
		return 0;
	error = database__prepare(&recording->database,
				  "SELECT tool, version, boot_id, host, begin_ns, interval_ns "
				  "FROM runs WHERE id = ?",
				  &row);
	if (error)
		return error;
	sqlite3_bind_int64(row, 1, id);
	if (sqlite3_step(row) == SQLITE_ROW) {
		run->id = id;
		copy_text(run->tool, sizeof(run->tool), row, 0);
		copy_text(run->version, sizeof(run->version), row, 1);
		copy_text(run->boot_id, sizeof(run->boot_id), row, 2);
		copy_text(run->host, sizeof(run->host), row, 3);
		run->begin_ns = (uint64_t)sqlite3_column_int64(row, 4);
		run->interval_ns = (uint64_t)sqlite3_column_int64(row, 5);
	} else {
		error = database__fail(&recording->database, SQLITE_CORRUPT);
	}
	sqlite3_finalize(row);
	return error;
}

/* Turns the mirror into the next moment: 1, 0 or -errno. */
static int step(struct recording *recording)
{
	sqlite3_stmt *moments = recording->selects[0];
	int code = find_next(recording), error;

	if (code == SQLITE_DONE)
		return 0;
	if (code != SQLITE_ROW)
		return database__fail(&recording->database, code);
	error = read_run(recording, sqlite3_column_int64(moments, 1));
	if (!error) {
		recording->moment = sqlite3_column_int64(moments, 0);
		recording->is_lost = false;
		error = recording__read_moment(recording, sqlite3_column_int(moments, 2) != 0);
	}
	return error ? error : 1;
}

/* One transaction a moment: a longer one would make the "-wal" grow. */
static int step_once(struct recording *recording)
{
	int found = database__run(&recording->database, "BEGIN");

	if (!found)
		found = step(recording);
	for (uint32_t i = 0; i < recording->info.set_count; i++)
		sqlite3_reset(recording->selects[i]);
	sqlite3_exec(recording->database.db, "COMMIT", NULL, NULL, NULL);
	return found;
}

int recording__next(struct recording *recording, void *view)
{
	int found = 0;

	if (!recording->error && recording->is_ahead)
		found = 1;
	else if (!recording->error)
		found = step_once(recording);
	recording->is_ahead = false;
	if (found > 0 && mirror__copy(&recording->mirror, view))
		found = database__fail(&recording->database, SQLITE_NOMEM);
	if (found < 0)
		recording->error = found;
	return recording->error ? recording->error : found;
}

static sqlite3_int64 to_sql(uint64_t number)
{
	return number > INT64_MAX ? INT64_MAX : (sqlite3_int64)number;
}

/* The last moment at or before a time of day: 0 if there is none. */
static int find_time(const struct recording *recording, uint64_t realtime_ns, int64_t *moment)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		 "SELECT id FROM moments WHERE realtime_ns <= %lld ORDER BY id DESC LIMIT 1",
		 (long long)to_sql(realtime_ns));
	return database__number(&recording->database, sql, moment);
}

/* The last whole moment up to this one: 0 if there is none. */
static int find_whole(const struct recording *recording, int64_t moment, int64_t *whole)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		 "SELECT id FROM moments WHERE whole AND id <= %lld ORDER BY id DESC LIMIT 1",
		 (long long)moment);
	return database__number(&recording->database, sql, whole);
}

static int add_moments(struct recording *recording, sqlite3_stmt *rows, struct list *moments)
{
	int code;

	while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
		struct recorded_moment *moment = list__add(moments, sizeof(*moment));

		if (!moment)
			return database__fail(&recording->database, SQLITE_NOMEM);
		*moment = (struct recorded_moment){ sqlite3_column_int64(rows, 0),
						    sqlite3_column_int64(rows, 1),
						    (uint64_t)sqlite3_column_int64(rows, 2) };
	}
	return code == SQLITE_DONE ? 0 : database__fail(&recording->database, code);
}

int recording__moments(struct recording *recording, uint64_t since_ns, uint64_t until_ns,
		       struct list *moments)
{
	const struct recorded_moment *last = moments->items;
	sqlite3_stmt *rows;
	int error = database__prepare(&recording->database,
				      "SELECT id, run, realtime_ns FROM (SELECT * FROM moments "
				      "WHERE realtime_ns BETWEEN ?1 AND ?2 AND id > ?3 "
				      "ORDER BY id DESC LIMIT ?4) ORDER BY id",
				      &rows);

	if (error)
		return error;
	sqlite3_bind_int64(rows, 1, to_sql(since_ns));
	sqlite3_bind_int64(rows, 2, to_sql(until_ns));
	sqlite3_bind_int64(rows, 3, moments->count ? last[moments->count - 1].id : 0);
	sqlite3_bind_int(rows, 4, RECORDING_MOMENTS);
	error = add_moments(recording, rows, moments);
	sqlite3_finalize(rows);
	return error;
}

int recording__seek(struct recording *recording, uint64_t realtime_ns)
{
	int64_t moment = 0;
	int error = recording->error;

	if (!error)
		error = find_time(recording, realtime_ns, &moment);
	return error ? error : recording__go(recording, moment);
}

int recording__go(struct recording *recording, int64_t moment)
{
	int64_t whole = 0;
	int found, error = recording->error;

	if (!error)
		error = find_whole(recording, moment, &whole);
	if (error)
		return error;
	recording->moment = whole ? whole - 1 : 0;
	recording->is_lost = true;
	recording->is_ahead = false;
	while (whole && recording->moment < moment && (found = step_once(recording))) {
		if (found < 0)
			return recording->error = found;
		recording->is_ahead = true;
	}
	return 0;
}

const struct recording_run *recording__run(const struct recording *recording)
{
	return &recording->run;
}

/* Whose recording it is, and whether it has all the sets: then it suits each tool. */
static int check_sets(const struct recording *recording, bool has_all)
{
	const struct database *database = &recording->database;
	sqlite3_stmt *row;
	char tool[32] = "";
	int error =
		database__prepare(database, "SELECT tool FROM runs ORDER BY id DESC LIMIT 1", &row);

	if (error)
		return error;
	if (sqlite3_step(row) == SQLITE_ROW)
		copy_text(tool, sizeof(tool), row, 0);
	sqlite3_finalize(row);
	if (has_all || recording->info.of_any_tool || !strcmp(tool, recording->info.tool))
		return 0;
	return database__refuse(database, -EPROTO, "holds the sets of %s, not of %s: give it to %s",
				tool, recording->info.tool, tool);
}

static int prepare(struct recording *recording)
{
	const struct recording_info *info = &recording->info;
	size_t largest = 1;
	bool has_all = true;
	int error = 0;

	recording->selects = calloc(info->set_count, sizeof(sqlite3_stmt *));
	if (!recording->selects)
		return database__fail(&recording->database, SQLITE_NOMEM);
	for (uint32_t i = 0; i < info->set_count && !error; i++) {
		struct layout layout;

		error = layout__load(&recording->database, info->sets[i], &layout);
		if (!error)
			error = layout__check(&recording->database, info->sets[i], &layout);
		if (!error)
			error = layout__select(&recording->database, info->sets[i], &layout,
					       &recording->selects[i]);
		largest = info->sets[i]->size > largest ? info->sets[i]->size : largest;
		has_all &= layout.fields.count > 0;
		layout__free(&layout);
	}
	recording->row = calloc(1, largest);
	if (!recording->row)
		return database__fail(&recording->database, SQLITE_NOMEM);
	if (!error && !recording->selects[0])
		error = database__fail(&recording->database, SQLITE_CORRUPT);
	return error ? error : check_sets(recording, has_all);
}

int recording__open(struct recording **result, const char *path, const struct recording_info *info)
{
	struct recording *recording = calloc(1, sizeof(*recording));
	int error;

	if (!recording)
		return database__no_memory(info->option, path);
	recording->info = *info;
	recording->is_lost = true;
	recording->database.fd = -1;
	error = mirror__init(&recording->mirror, info, path);
	if (!error)
		error = database__open_reader(&recording->database, info->option, path);
	if (!error)
		error = prepare(recording);
	if (!error) {
		*result = recording;
		return 0;
	}
	recording__close(recording);
	return error;
}

void recording__close(struct recording *recording)
{
	if (!recording)
		return;
	for (uint32_t i = 0; recording->selects && i < recording->info.set_count; i++)
		sqlite3_finalize(recording->selects[i]);
	database__close(&recording->database);
	mirror__free(&recording->mirror);
	list_free(&recording->gone);
	free(recording->selects);
	free(recording->row);
	free(recording);
}
