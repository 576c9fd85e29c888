// SPDX-License-Identifier: GPL-2.0-only

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/interrupt.h"
#include "base/log.h"
#include "model/growth.h"
#include "recording/layout.h"
#include "recording/recorder_internal.h"

/* So a reader that begins in the middle reads at most so many moments before. */
#define MOMENTS_PER_WHOLE 64

static int write_all(struct recorder *recorder, const void *view)
{
	const struct set *moments = recorder->info.sets[0];
	struct mirror *mirror = &recorder->mirror;
	int error = database__run(&recorder->database, "BEGIN");

	recorder->is_whole = !recorder->since_whole;
	recorder->moment++;
	memset(recorder->rows, 0, recorder->info.set_count * sizeof(*recorder->rows));
	mirror__turn(mirror);
	mirror__copy_item(moments, mirror_place(moments, mirror->view),
			  mirror_place(moments, view));
	mirror__age(mirror);
	if (!error)
		error = recorder__write_sets(recorder, view);
	if (!error)
		error = database__run(&recorder->database, "COMMIT");
	recorder->since_whole = (recorder->since_whole + 1) % MOMENTS_PER_WHOLE;
	return error;
}

int recorder__write(struct recorder *recorder, const void *view)
{
	const char *before;
	int error = recorder->error;

	if (error)
		return error;
	before = interrupt__guard("recording");
	error = write_all(recorder, view);
	if (error && !sqlite3_get_autocommit(recorder->database.db))
		sqlite3_exec(recorder->database.db, "ROLLBACK", NULL, NULL, NULL);
	interrupt__guard(before);
	recorder->error = error;
	return error;
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

/* All that may be refused, before the file is changed. */
static int check(const struct recorder *recorder)
{
	const struct database *database = &recorder->database;
	int error = database->is_blank ? 0 : check_tool(recorder);

	for (uint32_t i = 0; i < recorder->info.set_count && !error && !database->is_blank; i++) {
		struct layout layout;

		error = layout__load(database, recorder->info.sets[i], &layout);
		if (!error)
			error = layout__check(database, recorder->info.sets[i], &layout);
		layout__free(&layout);
	}
	return error;
}

static int prepare_tables(const struct recorder *recorder)
{
	const struct database *database = &recorder->database;
	int error = 0;

	for (uint32_t i = 0; i < recorder->info.set_count && !error; i++) {
		struct layout layout;

		error = layout__load(database, recorder->info.sets[i], &layout);
		if (!error)
			error = layout__extend(database, recorder->info.sets[i], &layout);
		layout__free(&layout);
	}
	return error;
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
	error = recorder__insert(recorder, statement);
	recorder->run = sqlite3_last_insert_rowid(recorder->database.db);
	sqlite3_finalize(statement);
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
		error = prepare_tables(recorder);
	if (!error)
		error = begin_run(recorder);
	if (!error)
		error = database__number(database, "SELECT max(id) FROM moments",
					 &recorder->moment);
	return error ? error : database__run(database, "COMMIT");
}

static int prepare_inserts(struct recorder *recorder)
{
	size_t most = 1;
	int error = 0;

	recorder->inserts = calloc(recorder->info.set_count, sizeof(sqlite3_stmt *));
	recorder->rows = calloc(recorder->info.set_count, sizeof(*recorder->rows));
	if (!recorder->inserts || !recorder->rows)
		return database__fail(&recorder->database, SQLITE_NOMEM);
	for (uint32_t i = 0; i < recorder->info.set_count && !error; i++) {
		const struct set *set = recorder->info.sets[i];
		size_t size = 1;

		for (uint32_t j = 0; j < set->field_count; j++)
			size += growth__most(&set->fields[j]);
		most = size > most ? size : most;
		error = layout__insert(&recorder->database, set, &recorder->inserts[i]);
	}
	recorder->arrays = malloc(most);
	return recorder->arrays ? error : database__fail(&recorder->database, SQLITE_NOMEM);
}

int recorder__open(struct recorder **result, const char *path, const struct recording_info *info)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	int error;

	if (!recorder)
		return database__no_memory(info->option, path);
	recorder->info = *info;
	recorder->database.fd = -1;
	error = mirror__init(&recorder->mirror, info, path);
	if (!error)
		error = database__open_writer(&recorder->database, info->option, path);
	if (!error)
		error = check(recorder);
	if (!error)
		error = database__use_wal(&recorder->database);
	if (!error)
		error = begin(recorder);
	if (!error)
		error = database__check_files(&recorder->database);
	if (!error)
		error = prepare_inserts(recorder);
	if (!error) {
		*result = recorder;
		return 0;
	}
	recorder->error = error;
	recorder__close(recorder);
	return error;
}

static void close_all(struct recorder *recorder)
{
	const char *before = interrupt__guard("ending a recording");

	for (uint32_t i = 0; recorder->inserts && i < recorder->info.set_count; i++)
		sqlite3_finalize(recorder->inserts[i]);
	if (!recorder->error)
		database__leave_wal(&recorder->database);
	database__close(&recorder->database);
	mirror__free(&recorder->mirror);
	list_free(&recorder->order);
	free(recorder->inserts);
	free(recorder->rows);
	free(recorder->arrays);
	free(recorder);
	interrupt__guard(before);
}

void recorder__close(struct recorder *recorder)
{
	if (recorder)
		close_all(recorder);
}
