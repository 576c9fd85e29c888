/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much an array of numbers has grown, in few bytes: doc/recording.md says how. A histogram of
 * which a dozen of 464 places grow takes about a dozen bytes.
 */
#ifndef KVMQ_GROWTH_H
#define KVMQ_GROWTH_H

#include <stddef.h>

#include "model/set.h"

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
