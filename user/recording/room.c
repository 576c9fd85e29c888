// SPDX-License-Identifier: GPL-2.0-only
#include "recording/room.h"

#include <errno.h>
#include <stdio.h>

/* A quarter of all bytes, up to this, is for the "-wal". */
#define WAL_PART 4
#define MOST_WAL_BYTES (64ULL << 20)

/* Pages: of the cache, and of a "-wal" that is put into the file. */
#define MOST_CACHED 256
#define MOST_PENDING 512

/* The header of the "-wal", and what a frame has beside its page: see room__commit(). */
#define WAL_MARGIN 65536

static uint64_t size_of(const struct database *database, int which)
{
	sqlite3_file *file = NULL;
	sqlite3_int64 size = 0;

	sqlite3_file_control(database->db, NULL, which, &file);
	if (!file || !file->pMethods || file->pMethods->xFileSize(file, &size))
		return 0;
	return (uint64_t)size;
}

static uint64_t wal_size(const struct database *database)
{
	return size_of(database, SQLITE_FCNTL_JOURNAL_POINTER);
}

static uint64_t at_most(uint64_t number, uint64_t most)
{
	return number < most ? number : most;
}

static int64_t max_pages(const struct database *database)
{
	return (int64_t)((database->max_bytes - database->max_wal_bytes) / ROOM_PAGE_BYTES);
}

int room__limit(struct database *database, uint64_t max_bytes)
{
	uint64_t wal_bytes = at_most(max_bytes / WAL_PART, MOST_WAL_BYTES);
	uint64_t wal_pages = wal_bytes / ROOM_PAGE_BYTES;
	char sql[256];
	int error;

	database->max_bytes = max_bytes;
	database->max_wal_bytes = wal_bytes;
	/* Without spilling, nothing is written before the COMMIT. */
	snprintf(sql, sizeof(sql),
		 "PRAGMA cache_spill = OFF; PRAGMA cache_size = %llu; "
		 "PRAGMA wal_autocheckpoint = %llu; PRAGMA journal_size_limit = %llu; "
		 "PRAGMA max_page_count = %lld",
		 (unsigned long long)at_most(wal_pages / 8, MOST_CACHED),
		 (unsigned long long)at_most(wal_pages / 4, MOST_PENDING),
		 (unsigned long long)(wal_bytes / 4), (long long)max_pages(database));
	error = database__run(database, sql);
	if (!error)
		error = database__prepare(database, "PRAGMA page_count", &database->page_count);
	return error ? error
		     : database__prepare(database, "PRAGMA freelist_count", &database->free_count);
}

int room__measure(const struct database *database, struct room *room)
{
	int error = database__ask(database, database->page_count, &room->pages);

	if (!error)
		error = database__ask(database, database->free_count, &room->free_pages);
	room->max_pages = database->max_bytes ? max_pages(database) : 0;
	room->bytes = size_of(database, SQLITE_FCNTL_FILE_POINTER) + wal_size(database);
	return error;
}

/* Whoever reads may hinder it: then it is tried again the next time. */
static void put_into_file(const struct database *database)
{
	sqlite3_busy_timeout(database->db, 0);
	sqlite3_wal_checkpoint_v2(database->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(database->db, DATABASE_BUSY_MS);
}

int room__begin(const struct database *database)
{
	if (database->max_bytes && wal_size(database) > database->max_wal_bytes / 2)
		put_into_file(database);
	return database__run(database, "BEGIN IMMEDIATE");
}

/*
 * A page of the cache takes more memory than its frame in the "-wal", and all that have changed are
 * in it.
 */
static uint64_t most_to_write(const struct database *database)
{
	int used = 0, highest;

	sqlite3_db_status(database->db, SQLITE_DBSTATUS_CACHE_USED, &used, &highest, 0);
	return (uint64_t)used + WAL_MARGIN;
}

static bool fits(const struct database *database)
{
	return !database->max_bytes ||
	       wal_size(database) + most_to_write(database) <= database->max_wal_bytes;
}

int room__commit(const struct database *database)
{
	/* Pages that have not changed are in the cache, too. */
	if (!fits(database))
		sqlite3_db_release_memory(database->db);
	if (!fits(database))
		return database__refuse(database, -EDQUOT,
					"has no room for this moment beside what it has: allow "
					"more bytes");
	return database__run(database, "COMMIT");
}
