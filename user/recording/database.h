/* SPDX-License-Identifier: GPL-2.0-only */
/* A file of SQLite's: opened with care, and its errors in words. */
#ifndef KVMQ_DATABASE_H
#define KVMQ_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#define DATABASE_OURS 0x6b766d71 /* application_id: "kvmq" */
#define DATABASE_VERSION 2	 /* user_version: of what doc/recording.md says */
#define DATABASE_BUSY_MS 1000	 /* how long somebody else is waited for */

struct database {
	sqlite3 *db;
	const char *option; /* what messages begin with */
	char *path;
	int fd;				   /* whoever writes holds its lock; or -1 */
	bool is_blank;			   /* there is no table in it yet */
	uint64_t max_bytes, max_wal_bytes; /* room__limit(); 0: any */
	sqlite3_stmt *page_count;	   /* questions of one with a limit, which are kept */
	sqlite3_stmt *free_count;
};

/*
 * For a writer: a new file (0600), or an existing one of ours. Never a link, another user's file,
 * or a file beside a "-wal" that somebody put there. -errno after one line.
 */
int database__open_writer(struct database *database, const char *option, const char *path);

/* From now on everything is written to the "-wal" first: 0 or -errno. */
int database__use_wal(const struct database *database);

/* Puts all into the one file, unless somebody reads it. */
void database__leave_wal(const struct database *database);

/* For a reader. The file may be written meanwhile, and may be a link. */
int database__open_reader(struct database *database, const char *option, const char *path);

/* Accepts one that was not opened. */
void database__close(struct database *database);

/* After the writer's first commit: checks again who owns the files that this has made. */
int database__check_files(const struct database *database);

/* Whether something else is at its path now, or nothing, as far as this process may look. */
bool database__was_replaced(const struct database *database);

/* Says what SQLite's code means and what to do about it: -errno. */
int database__fail(const struct database *database, int code);

/* One line: "OPTION: 'PATH' " and these words. Returns error. */
int database__refuse(const struct database *database, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* One line for -ENOMEM before there is a database. */
int database__no_memory(const char *option, const char *path);

/* Statements without a result; or the number that is the first one's result. 0 or -errno. */
int database__run(const struct database *database, const char *sql);
int database__number(const struct database *database, const char *sql, int64_t *number);

/* The number that is the result of a statement that is kept: 0 or -errno. */
int database__ask(const struct database *database, sqlite3_stmt *statement, int64_t *number);

/* A statement that is kept: *statement to sqlite3_finalize(). 0 or -errno. */
int database__prepare(const struct database *database, const char *sql, sqlite3_stmt **statement);

#endif
