/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Items of one list in few bytes, one after the other: a vCPU's histogram has hundreds of numbers,
 * of which a dozen are not 0. That is how the writer keeps what each tier knows.
 */
#ifndef KVMQ_PACKED_H
#define KVMQ_PACKED_H

#include <stdbool.h>

#include "model/set.h"

struct packing_part {
	size_t offset, size;
};

struct packing_fields {
	LIST(const struct field *);
};

/* How the items of a list are packed. */
struct packing {
	size_t item_size;
	LIST(struct packing_part) parts; /* of an item: they are copied as they are */
	struct packing_fields texts;	 /* without what is behind their ends */
	struct packing_fields arrays;	 /* their growth from 0 */
	size_t most;			 /* bytes that an item can take */
	void *nothing;			 /* an item of zeros */
};

struct packed {
	unsigned char *bytes;
	size_t size, capacity;
};

/* From one item to the next, in the order in which they were added. */
struct packed_cursor {
	const unsigned char *item; /* that it is at; NULL: none yet */
	const unsigned char *next, *end;
};

/* The sets describe one list, each item by all of them: 0 or -ENOMEM. packing__free() it. */
int packing__init(struct packing *packing, const struct set *const *sets, size_t count);
void packing__free(struct packing *packing);

/* Adds an item, of which the described fields are kept: 0 or -ENOMEM. */
int packed__add(struct packed *packed, const struct packing *packing, const void *item);

/* Adds one whose texts and arrays are those of the item that the cursor is at: 0 or -ENOMEM. */
int packed__add_again(struct packed *packed, const struct packing *packing,
		      const struct packed_cursor *cursor, const void *item);

/* Adds the item that the cursor is at, as it is, and all behind it: 0 or -ENOMEM. */
int packed__add_rest(struct packed *packed, const struct packed_cursor *cursor);

/* Becomes what another one is, and takes little more memory than that: 0 or -ENOMEM. */
int packed__copy(struct packed *packed, const struct packed *from);

struct packed_cursor packed__begin(const struct packed *packed);

/* Goes on to the next item; false: there is none. */
bool packed__step(struct packed_cursor *cursor);

/* Fills in the item that the cursor is at; what no field describes is 0. */
void packed__unpack(const struct packing *packing, const struct packed_cursor *cursor, void *item);

/*
 * Adds an item if it is, packed, byte by byte the one that the cursor is at: 1; 0 if not, or
 * -ENOMEM. If not, the two may still be equal.
 */
int packed__add_equal(struct packed *packed, const struct packing *packing,
		      const struct packed_cursor *cursor, const void *item);

void packed__free(struct packed *packed);

#endif
