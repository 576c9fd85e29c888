/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much an array of numbers has grown, in few bytes: doc/recording.md says how. A histogram of
 * which a dozen of 464 places grow takes about a dozen bytes.
 */
#ifndef KVMQ_GROWTH_H
#define KVMQ_GROWTH_H

#include <stddef.h>

#include "model/set.h"
#include "model/varint.h"

/*
 * How much one number has grown. Counters go up; 32-bit ones modulo 2^32. Anything else goes up and
 * down, and is folded to be small.
 */
static inline uint64_t growth__of(const struct field *field, uint64_t was, uint64_t is)
{
	uint64_t grown = is - was;

	if (field->kind != FIELD_COUNTER)
		return varint_fold(grown);
	return field->type == FIELD_U32 ? (uint32_t)grown : grown;
}

/* What a number has become by that growth. */
static inline uint64_t growth__apply(const struct field *field, uint64_t was, uint64_t grown)
{
	return was + (field->kind == FIELD_COUNTER ? grown : varint_unfold(grown));
}

/* The most bytes that an array can take. */
size_t growth__most(const struct field *field);

/*
 * Writes the growth from one item's array to another's into bytes. Returns how many bytes it took;
 * 0 if the arrays are equal.
 */
size_t growth__write(const struct field *field, const void *was, const void *is,
		     unsigned char *bytes);

/* Applies it to an item in place: 0, or -EBADMSG (such bytes are never written). */
int growth__read(const struct field *field, void *item, const unsigned char *bytes, size_t size);

#endif
