/* SPDX-License-Identifier: GPL-2.0-only */
/* A file of SQLite's: opened with care, and its errors in words. */
#ifndef KVMQ_DATABASE_H
#define KVMQ_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#define DATABASE_OURS 0x6b766d71 /* application_id: "kvmq" */
#define DATABASE_VERSION 1	 /* user_version: of what doc/recording.md says */

struct database {
	sqlite3 *db;
	const char *option; /* what messages begin with */
	char *path;
	int fd;	       /* whoever writes holds its lock; or -1 */
	bool is_blank; /* there is no table in it yet */
};

/*
 * For the one that writes: a new file (0600), or one of ours that is there. Never a link, another
 * user's file, or beside a "-wal" that somebody put there. -errno after one line.
 */
int database__open_writer(struct database *database, const char *option, const char *path);

/* What is written from now on is in the "-wal" first: 0 or -errno. */
int database__use_wal(const struct database *database);

/* Puts all into the one file, unless somebody reads it. */
void database__leave_wal(const struct database *database);

/* For one that reads; the file may be written meanwhile, and may be a link. */
int database__open_reader(struct database *database, const char *option, const char *path);

/* Also of one that was not opened. */
void database__close(struct database *database);

/* Again after the first commit of the writer: whose are the files that this has made? */
int database__check_files(const struct database *database);

/* Says what SQLite's code means and what to do about it: -errno. */
int database__fail(const struct database *database, int code);

/* One line: "OPTION: 'PATH' " and these words; returns error. */
int database__refuse(const struct database *database, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* One line before there is a database: -ENOMEM. */
int database__no_memory(const char *option, const char *path);

/* Statements without a result; or the number that is the first one's result. 0 or -errno. */
int database__run(const struct database *database, const char *sql);
int database__number(const struct database *database, const char *sql, int64_t *number);

/* A statement that is kept: *statement to sqlite3_finalize(). 0 or -errno. */
int database__prepare(const struct database *database, const char *sql, sqlite3_stmt **statement);

#endif
