// SPDX-License-Identifier: GPL-2.0-only
#include "model/growth.h"

#include <errno.h>
#include <string.h>

#define VALUE_BITS 5
#define VALUE_FULL 31U /* and more: a number of any length follows */
#define SKIP_FULL 7U

/* Equal parts are skipped at once, large ones first: most of a histogram does not grow. */
#define STRIDE 16
#define WIDE_STRIDE 80

size_t growth__most(const struct field *field)
{
	return (size_t)field->count * (1 + 2 * VARINT_MOST);
}

static unsigned char *put_step(unsigned char *at, uint32_t skip, uint64_t grown)
{
	uint32_t skip_part = skip < SKIP_FULL ? skip : SKIP_FULL;
	uint64_t value = grown - 1; /* 0 is not written */
	uint64_t value_part = value < VALUE_FULL ? value : VALUE_FULL;

	*at++ = (unsigned char)(skip_part << VALUE_BITS | value_part);
	if (skip_part == SKIP_FULL)
		at = varint__put(at, skip - SKIP_FULL);
	if (value_part == VALUE_FULL)
		at = varint__put(at, value - VALUE_FULL);
	return at;
}

static bool get_step(struct varint_cursor *cursor, uint64_t *skip, uint64_t *grown)
{
	unsigned char byte = *cursor->at++;
	uint64_t more;

	*skip = byte >> VALUE_BITS;
	*grown = (byte & VALUE_FULL) + 1U;
	if (*skip == SKIP_FULL) {
		if (!varint__get(cursor, &more))
			return false;
		*skip = more < UINT32_MAX ? *skip + more : UINT32_MAX;
	}
	if (*grown == VALUE_FULL + 1) {
		if (!varint__get(cursor, &more))
			return false;
		*grown += more;
	}
	return true;
}

/* What has been written, and the place that a step without a skip would change. */
struct steps {
	unsigned char *at;
	uint32_t next;
};

/* The places from one to another. */
static inline __attribute__((always_inline)) void
add_steps(struct steps *steps, enum field_type type, const struct field *field, const char *old,
	  const char *new, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		uint64_t was = number__get(type, old, i), is = number__get(type, new, i);

		if (was == is)
			continue;
		steps->at = put_step(steps->at, i - steps->next, growth__of(field, was, is));
		steps->next = i + 1;
	}
}

/* Where a part of so many places ends. */
static inline uint32_t end_of(uint32_t begin, uint32_t stride, uint32_t end)
{
	return begin + stride < end ? begin + stride : end;
}

static inline bool is_equal(size_t size, const char *old, const char *new, uint32_t from,
			    uint32_t to)
{
	return !memcmp(old + from * size, new + from *size, (to - from) * size);
}

/* For each type of numbers that are most, the compiler makes one of its own. */
static inline __attribute__((always_inline)) size_t write_as(enum field_type type,
							     const struct field *field,
							     const char *old, const char *new,
							     unsigned char *bytes)
{
	size_t size = FIELD_SIZE(type);
	struct steps steps = { bytes, 0 };

	for (uint32_t i = 0; i < field->count; i += WIDE_STRIDE) {
		uint32_t end = end_of(i, WIDE_STRIDE, field->count);

		if (is_equal(size, old, new, i, end))
			continue;
		for (uint32_t j = i; j < end; j += STRIDE) {
			uint32_t to = end_of(j, STRIDE, end);

			if (!is_equal(size, old, new, j, to))
				add_steps(&steps, type, field, old, new, j, to);
		}
	}
	return (size_t)(steps.at - bytes);
}

size_t growth__write(const struct field *field, const void *was, const void *is,
		     unsigned char *bytes)
{
	const char *old = (const char *)was + field->offset,
		   *new = (const char *)is + field->offset;

	switch (field->type) {
	case FIELD_U64:
		return write_as(FIELD_U64, field, old, new, bytes);
	case FIELD_U32:
		return write_as(FIELD_U32, field, old, new, bytes);
	default:
		return write_as(field->type, field, old, new, bytes);
	}
}

static inline __attribute__((always_inline)) int
read_as(enum field_type type, const struct field *field, char *item, struct varint_cursor cursor)
{
	uint64_t place = 0, skip, grown;

	for (; cursor.at < cursor.end; place++) {
		if (!get_step(&cursor, &skip, &grown))
			return -EBADMSG;
		place += skip;
		if (place >= field->count)
			return -EBADMSG;
		number__put(type, item, (uint32_t)place,
			    growth__apply(field, number__get(type, item, (uint32_t)place), grown));
	}
	return 0;
}

int growth__read(const struct field *field, void *item, const unsigned char *bytes, size_t size)
{
	struct varint_cursor cursor = { bytes, bytes };
	char *at = (char *)item + field->offset;

	if (size) /* bytes may be NULL */
		cursor.end += size;
	switch (field->type) {
	case FIELD_U64:
		return read_as(FIELD_U64, field, at, cursor);
	case FIELD_U32:
		return read_as(FIELD_U32, field, at, cursor);
	default:
		return read_as(field->type, field, at, cursor);
	}
}
