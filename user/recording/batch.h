/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rows on their way into one table: some of them are put there together, which takes SQLite about
 * half of the time.
 */
#ifndef KVMQ_BATCH_H
#define KVMQ_BATCH_H

#include "recording/changes.h"
#include "recording/layout.h"

#define BATCH_ROWS 16

struct batch_row {
	int64_t row;
	const void *item; /* borrowed */
};

struct batch {
	const struct database *database;
	const struct set *set;
	uint32_t tier;
	sqlite3_stmt *one, *many; /* INSERT of one row, of BATCH_ROWS; NULL: not needed yet */
	struct batch_row rows[BATCH_ROWS];
	uint32_t count;
	unsigned char *arrays; /* of all rows, each as its growth */
	uint32_t *sizes;       /* of each array there */
	uint32_t array_count;
	size_t bytes;
	struct change_writer changes; /* of a bulk set, which has nothing else of this */
};

/* Of a set's table in a tier: 0, or -errno after one line. batch__close() it in any case. */
int batch__open(struct batch *batch, const struct database *database, const struct set *set,
		uint32_t tier);
void batch__close(struct batch *batch);

/*
 * Adds the row of an item, whose arrays have grown from those of was. The item must stay as it is
 * until batch__flush(). 0, or -errno after one line.
 */
int batch__add(struct batch *batch, int64_t row, const void *was, const void *is);

/* Puts all rows that were added into the table: 0, or -errno after one line. */
int batch__flush(struct batch *batch);

/* Forgets them. */
void batch__drop(struct batch *batch);

/* Puts the row of a moment into the table of moments: 0, or -errno after one line. */
int batch__put_moment(struct batch *batch, int64_t moment, int64_t run, bool is_whole,
		      const void *nothing, const void *is);

/* Puts the changes of a bulk set there, as one row: 0, or -errno after one line. */
int batch__put_changes(struct batch *batch, int64_t row);

/* Puts a row there that says that an item has gone: 0, or -errno after one line. */
int batch__put_gone(struct batch *batch, int64_t row, const void *item);

#endif
