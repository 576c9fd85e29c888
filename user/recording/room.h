/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many bytes a recording takes, and may take: the file and the "-wal" beside it together, at
 * any moment. SQLite itself refuses pages beyond a limit; and a transaction stays in memory until
 * it is known to fit into the rest.
 */
#ifndef KVMQ_ROOM_H
#define KVMQ_ROOM_H

#include "recording/database.h"

#define ROOM_PAGE_BYTES 4096
#define ROOM_LEAST_BYTES (16ULL << 20) /* of a limit: less may be too little for one moment */

struct room {
	uint64_t bytes;	    /* of the file and its "-wal" */
	int64_t pages;	    /* of the database: what the file has once all is in it */
	int64_t free_pages; /* of these: will be used again */
	int64_t max_pages;  /* 0: any number */
};

/* From now on these are the most bytes. For a writer in WAL mode. 0 or -errno after one line. */
int room__limit(struct database *database, uint64_t max_bytes);

/* 0 or -errno after one line. */
int room__measure(const struct database *database, struct room *room);

/* Begins a transaction. If the "-wal" is large, it is put into the file before, if it can be. */
int room__begin(const struct database *database);

/*
 * Ends it, unless the "-wal" would become too large: then -EDQUOT after one line, and it is to be
 * rolled back.
 */
int room__commit(const struct database *database);

#endif
