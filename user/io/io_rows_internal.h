/* SPDX-License-Identifier: GPL-2.0-only */
/* How rows of I/O are put together: for io_rows*.c alone. */
#ifndef KVMQ_IO_ROWS_INTERNAL_H
#define KVMQ_IO_ROWS_INTERNAL_H

#include "io/io_rows.h"

/* What a row is about; op apart, those of one disk or device have the same. */
struct io_place {
	enum io_row_kind kind;
	const struct io_vm *vm;
	const struct disk *disk;
	uint32_t dev;
	const char *guest_disk;
};

/* The row of a place, made if need be. NULL: memory is short. */
struct io_row *io_rows__get(struct io_rows *rows, const struct io_place *place, enum io_op op);

/* The time between two readings of a counter that may be missing in the first. */
void add_layer(struct io_row *row, enum io_layer layer, const struct latency *after,
	       const struct latency *before);

/* The figures of VMMs, of rings and of guests. Return 0 or -ENOMEM. */
int io_rows__add_vmm(struct io_rows *rows, const struct io_moments *moments);
int io_rows__add_queues(struct io_rows *rows, const struct io_moments *moments);
int io_rows__add_guests(struct io_rows *rows, const struct io_moments *moments);

/* Sums, order, and what follows from all that has been put in. Returns 0 or -ENOMEM. */
int io_rows__finish(struct io_rows *rows, const struct io_moments *moments);

#endif
