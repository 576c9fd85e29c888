// SPDX-License-Identifier: GPL-2.0-only
#include "recording/database.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/output_file.h"

#define LONGEST_VALUE (1 << 20) /* bytes; a stranger's file may ask for more */
#define GIVE_RECORDING "give a file that --record has written"
#define NO_RECORDING "is no recording: " GIVE_RECORDING

/* Pages of 4 KiB. The "-wal" grows between two checkpoints; memory grows only up to the cache. */
#define WRITER_PRAGMAS                                                                             \
	"PRAGMA synchronous = NORMAL; PRAGMA cache_size = -1024; PRAGMA wal_autocheckpoint = 512;" \
	"PRAGMA journal_size_limit = 4194304"
#define READER_PRAGMAS "PRAGMA query_only = ON; PRAGMA cache_size = -1024"

static const struct {
	int code; /* of SQLite */
	int error;
	const char *words; /* what it is, and what to do */
} troubles[] = {
	{ SQLITE_FULL, ENOSPC, "has no space left: make room, and record again" },
	{ SQLITE_BUSY, EBUSY, "is locked: end what else writes to it" },
	{ SQLITE_LOCKED, EBUSY, "is locked: end what else writes to it" },
	{ SQLITE_NOTADB, EBADMSG, NO_RECORDING },
	{ SQLITE_CORRUPT, EBADMSG, "is damaged: 'sqlite3 FILE .recover' saves what it can" },
	{ SQLITE_NOMEM, ENOMEM, "needs memory: end something" },
	{ SQLITE_READONLY, EACCES, "cannot be written: give another name" },
};

int database__refuse(const struct database *database, int error, const char *format, ...)
{
	char words[512];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	log_error("%s: '%s' %s", database->option, database->path, words);
	return error;
}

int database__no_memory(const char *option, const char *path)
{
	log_error("%s: '%s': no memory: end something", option, path);
	return -ENOMEM;
}

/* The system's last error on the file or its "-wal"; 0 if none. */
static int system_error(sqlite3 *db)
{
	static const int files[] = { SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER };
	int error = sqlite3_system_errno(db);

	for (size_t i = 0; db && i < sizeof(files) / sizeof(files[0]) && !error; i++) {
		sqlite3_file *file = NULL;

		sqlite3_file_control(db, NULL, files[i], &file);
		if (file && file->pMethods)
			file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error);
	}
	return error;
}

int database__fail(const struct database *database, int code)
{
	int error = system_error(database->db);

	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++)
		if (troubles[i].code == (code & 0xff))
			return database__refuse(database, -troubles[i].error, "%s",
						troubles[i].words);
	if (error)
		return database__refuse(database, -error, "failed: %s: give a file on another disk",
					strerror(error));
	return database__refuse(database, -EIO, "failed: %s: give another name",
				sqlite3_errmsg(database->db));
}

int database__run(const struct database *database, const char *sql)
{
	int code = sqlite3_exec(database->db, sql, NULL, NULL, NULL);

	return code ? database__fail(database, code) : 0;
}

int database__prepare(const struct database *database, const char *sql, sqlite3_stmt **statement)
{
	int code = sqlite3_prepare_v3(database->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement,
				      NULL);

	return code ? database__fail(database, code) : 0;
}

int database__ask(const struct database *database, sqlite3_stmt *statement, int64_t *number)
{
	int code = sqlite3_step(statement);
	int error = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : database__fail(database, code);

	*number = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_reset(statement);
	return error;
}

int database__number(const struct database *database, const char *sql, int64_t *number)
{
	sqlite3_stmt *statement;
	int error = database__prepare(database, sql, &statement);

	if (error)
		return error;
	error = database__ask(database, statement, number);
	sqlite3_finalize(statement);
	return error;
}

/* With its folder's real name, since SQLite follows no link when asked not to. */
static char *real_path(const char *path)
{
	char *folder = strdup(path), *name = strdup(path), *real = NULL, *result = NULL;

	if (folder && name)
		real = realpath(dirname(folder), NULL);
	if (real && asprintf(&result, "%s/%s", real, basename(name)) < 0)
		result = NULL;
	free(folder);
	free(name);
	free(real);
	return result;
}

/* SQLite reads the files beside it as parts of it. */
static int check_beside(const struct database *database, const char *ending)
{
	char path[PATH_MAX];
	const char *refusal;
	struct stat file;

	snprintf(path, sizeof(path), "%s%s", database->path, ending);
	if (lstat(path, &file))
		return errno == ENOENT ? 0 : -errno;
	refusal = output_file__refusal(&file);
	if (!refusal)
		return 0;
	return database__refuse(database, -EPERM, "has %s beside it ('%s'): give another name",
				refusal, ending);
}

bool database__was_replaced(const struct database *database)
{
	struct stat held, named;

	if (fstat(database->fd, &held) || lstat(database->path, &named))
		return errno == ENOENT;
	return held.st_dev != named.st_dev || held.st_ino != named.st_ino;
}

int database__check_files(const struct database *database)
{
	static const char *const beside[] = { "-journal", "-wal", "-shm" };
	struct stat named;
	int error = 0;

	if (lstat(database->path, &named) || database__was_replaced(database))
		return database__refuse(database, -EPERM,
					"was taken away meanwhile: give another name");
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]) && !error; i++)
		error = check_beside(database, beside[i]);
	return error;
}

/* Sets path and fd, and takes the lock, which ends with the process. */
static int hold(struct database *database, const char *path)
{
	database->fd = output_file__hold(database->option, path);
	if (database->fd < 0)
		return database->fd;
	free(database->path);
	database->path = real_path(path);
	if (!database->path) {
		log_error("%s: '%s': %s: give another name", database->option, path,
			  strerror(errno));
		return -errno;
	}
	if (flock(database->fd, LOCK_EX | LOCK_NB))
		return database__refuse(database, -EBUSY,
					"is being recorded by another tool: give another name");
	return database__check_files(database);
}

/* Nothing of the file's own schema is run, and none of its values may be large. */
static void distrust(sqlite3 *db)
{
	if (!db)
		return; /* no memory */
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LONGEST_VALUE);
	sqlite3_busy_timeout(db, DATABASE_BUSY_MS);
	sqlite3_extended_result_codes(db, 1);
}

/* Another program's database is not touched; an empty one counts as new. */
static int identify(struct database *database)
{
	int64_t id, version = 0, tables = 0;
	int error = database__number(database, "PRAGMA application_id", &id);

	if (!error)
		error = database__number(database, "PRAGMA user_version", &version);
	if (!error)
		error = database__number(database, "SELECT count(*) FROM sqlite_master", &tables);
	if (error)
		return error;
	database->is_blank = !id && !version && !tables;
	if (database->is_blank)
		return 0;
	if (id != DATABASE_OURS)
		return database__refuse(database, -EBADMSG,
					"is another program's database: " GIVE_RECORDING);
	if (version > DATABASE_VERSION)
		return database__refuse(database, -EPROTO,
					"was made by a newer kvmq (format %lld, not %d): use that",
					(long long)version, DATABASE_VERSION);
	return 0;
}

static int begin(struct database *database, const char *option, const char *path)
{
	/* Of a tool's threads, one alone uses SQLite. Later on, this has no effect. */
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	*database = (struct database){ .option = option, .path = strdup(path), .fd = -1 };
	return database->path ? 0 : database__no_memory(option, path);
}

int database__open_writer(struct database *database, const char *option, const char *path)
{
	int error = begin(database, option, path), code;

	if (!error)
		error = hold(database, path);
	if (error)
		goto failed;
	code = sqlite3_open_v2(database->path, &database->db,
			       SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX,
			       NULL);
	if (code) {
		error = database__fail(database, code);
		goto failed;
	}
	distrust(database->db);
	error = identify(database);
	if (!error)
		return 0;
failed:
	database__close(database);
	return error;
}

/* For a database without a page: later, these have no effect. */
int database__use_wal(const struct database *database)
{
	sqlite3_stmt *statement;
	int error = database__run(database,
				  "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL");
	int code;
	bool is_wal;

	if (!error)
		error = database__prepare(database, "PRAGMA journal_mode = WAL", &statement);
	if (error)
		return error;
	code = sqlite3_step(statement);
	is_wal = code == SQLITE_ROW &&
		 !strcmp((const char *)sqlite3_column_text(statement, 0), "wal");
	if (code != SQLITE_ROW)
		error = database__fail(database, code);
	else if (!is_wal)
		error = database__refuse(database, -EOPNOTSUPP,
					 "is where no memory can be shared: give one on a disk");
	sqlite3_finalize(statement);
	return error ? error : database__run(database, WRITER_PRAGMAS);
}

/* One page says so; to open a journal for it is not allowed any more. */
void database__leave_wal(const struct database *database)
{
	sqlite3_busy_timeout(database->db, 0);
	sqlite3_exec(database->db, "PRAGMA journal_mode = MEMORY", NULL, NULL, NULL);
}

/* As SQLite wants names with options, where "?", "#" and "%" have a meaning. */
static char *immutable_uri(const char *path)
{
	char *uri = malloc(3 * strlen(path) + sizeof("file:?immutable=1")), *at = uri;

	if (!uri)
		return NULL;
	at = stpcpy(at, "file:");
	for (; *path; path++)
		if (strchr("?#%", *path))
			at += sprintf(at, "%%%02x", *path);
		else
			*at++ = *path;
	strcpy(at, "?immutable=1");
	return uri;
}

/* Nobody writes to a database without a "-wal", so no memory has to be shared. */
static int reopen_alone(struct database *database)
{
	char *uri, wal[PATH_MAX];
	int code;

	snprintf(wal, sizeof(wal), "%s-wal", database->path);
	if (!access(wal, F_OK))
		return SQLITE_CANTOPEN;
	uri = immutable_uri(database->path);
	if (!uri)
		return SQLITE_NOMEM;
	sqlite3_close(database->db);
	code = sqlite3_open_v2(uri, &database->db,
			       SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	free(uri);
	distrust(database->db);
	return code;
}

static int check_plain(const struct database *database)
{
	struct stat file;

	if (stat(database->path, &file))
		return database__refuse(database, -errno, "cannot be read: %s: give a recording",
					strerror(errno));
	return S_ISREG(file.st_mode) ? 0 : database__refuse(database, -EINVAL, NO_RECORDING);
}

/* Only the first statement opens the files beside it. */
static int try_reading(const struct database *database)
{
	return sqlite3_exec(database->db, "SELECT count(*) FROM sqlite_master;" READER_PRAGMAS,
			    NULL, NULL, NULL);
}

/* Opens it and tries it: returns SQLite's code. */
static int open_to_read(struct database *database)
{
	int code = sqlite3_open_v2(database->path, &database->db,
				   SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

	distrust(database->db);
	if (!code)
		code = try_reading(database);
	if ((code & 0xff) != SQLITE_CANTOPEN && (code & 0xff) != SQLITE_READONLY)
		return code;
	code = reopen_alone(database);
	return code ? code : try_reading(database);
}

int database__open_reader(struct database *database, const char *option, const char *path)
{
	int error = begin(database, option, path), code;

	if (!error)
		error = check_plain(database);
	if (error)
		goto failed;
	code = open_to_read(database);
	if ((code & 0xff) == SQLITE_CANTOPEN)
		error = database__refuse(database, -EACCES,
					 "cannot be read here: copy it, with its '-wal' if it has "
					 "one, to a folder of your own");
	else
		error = code ? database__fail(database, code) : identify(database);
	if (!error && database->is_blank)
		error = database__refuse(database, -ENODATA, "holds nothing yet: " GIVE_RECORDING);
	if (!error)
		return 0;
failed:
	database__close(database);
	return error;
}

void database__close(struct database *database)
{
	sqlite3_finalize(database->page_count);
	sqlite3_finalize(database->free_count);
	sqlite3_close(database->db);
	/* Not before SQLite closes it: closing any descriptor of a file drops its locks. */
	if (database->fd >= 0)
		close(database->fd);
	free(database->path);
	*database = (struct database){ .fd = -1 };
}
