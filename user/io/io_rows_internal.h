/* SPDX-License-Identifier: GPL-2.0-only */
/* How rows of I/O are composed: for io_rows*.c only. */
#ifndef KVMQ_IO_ROWS_INTERNAL_H
#define KVMQ_IO_ROWS_INTERNAL_H

#include "io/io_rows.h"

/* What a row is about, without op: rows of one disk or device have the same place. */
struct io_place {
	enum io_row_kind kind;
	const struct io_vm *vm;
	const struct io_disk *disk;
	uint32_t dev;
	const struct io_guest_disk *guest; /* of IO_ROW_GUEST */
};

/* The rows of a place; NULL: none. */
struct io_place_rows {
	struct io_place place;
	bool on_leaf; /* one of them is of requests to leaf devices */
	struct io_row *rows[IO_ALL + 1];
};

/* Rows that are being made: those of a place are found by a hash table. */
struct io_builder {
	const struct io_view *before, *after;
	uint64_t begin_ns, end_ns; /* of these, CLOCK_MONOTONIC */
	struct pool *pool;
	LIST(struct io_place_rows) places;
	uint32_t *table; /* index into places + 1; 0: free */
	size_t table_size;
};

/*
 * The rows of a place, made if there are none; valid until the next place is made. NULL: memory is
 * short.
 */
struct io_place_rows *io_builder__place(struct io_builder *builder, const struct io_place *place);

/* The row of a place, made if there is none; it does not move. NULL: memory is short. */
struct io_row *io_builder__row(struct io_builder *builder, const struct io_place *place,
			       enum io_op op);
void io_builder__free(struct io_builder *builder);

/* The layer of a row, for writing, made if there is none. NULL: memory is short. */
struct latency *own_layer(struct pool *pool, struct io_row *row, enum io_layer layer);

/*
 * Adds what has come between two readings of a counter; the first may be missing (NULL). Returns 0
 * or -ENOMEM.
 */
int add_layer(struct io_builder *builder, struct io_row *row, enum io_layer layer,
	      const struct latency *after, const struct latency *before);

/* The figures of VMMs, of rings and of guests. Return 0 or -ENOMEM. */
int io_rows__add_vmm(struct io_builder *builder);
int io_rows__add_queues(struct io_builder *builder);
int io_rows__add_guests(struct io_builder *builder);

/* Sums, order, and all that is derived. Returns 0 or -ENOMEM. */
int io_rows__finish(struct io_rows *rows, struct io_builder *builder);

#endif
