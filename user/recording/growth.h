/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far an array of numbers has come, in few bytes: doc/recording.md says how. A histogram of
 * which a dozen of 464 places grow takes about as many bytes.
 */
#ifndef KVMQ_GROWTH_H
#define KVMQ_GROWTH_H

#include <stddef.h>

#include "model/set.h"

/* The most bytes that an array can take. */
size_t growth__most(const struct field *field);

/* From one item's array to another's, into bytes: how many it took; 0 if they are alike. */
size_t growth__write(const struct field *field, const void *was, const void *is,
		     unsigned char *bytes);

/* What was becomes what is, in place: 0, or -EBADMSG (no such bytes are ever written). */
int growth__read(const struct field *field, void *item, const unsigned char *bytes, size_t size);

#endif
