/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_WIRE_READER_INTERNAL_H
#define KVMQ_WIRE_READER_INTERNAL_H

#include "model/varint.h"
#include "wire/reader.h"
#include "wire/wire_internal.h"

/* A field as the server sends it. */
struct wire_field {
	enum field_type type;
	uint32_t count;
	const struct field *field; /* NULL: it is skipped */
};

/* A set as the server sends it. */
struct wire_table {
	const struct set *set; /* NULL: it is skipped */
	LIST(struct wire_field) fields;
};

struct wire_reader {
	const struct set *const *sets;
	size_t set_count;
	struct wire_about about;
	LIST(struct wire_table) tables;
	void *row;	 /* an item, as large as the largest */
	uint64_t budget; /* bytes that the lists of this view may still take */
	char fault[192];
};

/* Says what is wrong. Returns error. */
int wire_reader__fail(struct wire_reader *reader, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static inline size_t wire_left(const struct varint_cursor *cursor)
{
	return (size_t)(cursor->end - cursor->at);
}

static inline bool wire_is_list(const struct set *set)
{
	return set->key_count || set->events;
}

#endif
