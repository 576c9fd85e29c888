/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Views out of bytes that a stranger may have made: wire.h says which. All sizes are bounded, and
 * what a field cannot have is refused.
 */
#ifndef KVMQ_WIRE_READER_H
#define KVMQ_WIRE_READER_H

#include <stdbool.h>

#include "model/set.h"
#include "wire/wire.h"

/* The memory that the lists of one view may take. */
#define WIRE_VIEW_MAX (1ULL << 30)

struct wire_reader;

/* The sets that are wanted, "moments" first; they stay until it is closed. 0 or -ENOMEM. */
int wire_reader__open(struct wire_reader **result, const struct set *const *sets, size_t set_count);

/*
 * Takes the server's tables, once: what follows the head of the first frame. Sets and fields that
 * are not wanted will be skipped; those that the server lacks will be empty or 0. 0, -EBADMSG
 * (these are no tables), -EPROTO (what has the same name is something else there) or -ENOMEM.
 */
int wire_reader__tables(struct wire_reader *reader, const unsigned char *bytes, size_t size);

/* After that: what the server says of itself, and whether it has a set. */
const struct wire_about *wire_reader__about(const struct wire_reader *reader);
bool wire_reader__has(const struct wire_reader *reader, const struct set *set);

/*
 * Takes a moment, what follows the head of a frame, into a view of zeros, or one that was read
 * before. The lists are then ordered by their keys, and their memory is the caller's. 0, -EBADMSG,
 * -E2BIG (more than WIRE_VIEW_MAX) or -ENOMEM; the view is then no moment.
 */
int wire_reader__moment(struct wire_reader *reader, const unsigned char *bytes, size_t size,
			void *view);

/* What was wrong last, a clause about the server: "sends no view: a number is too large". */
const char *wire_reader__fault(const struct wire_reader *reader);

/* Accepts NULL. */
void wire_reader__close(struct wire_reader *reader);

#endif
