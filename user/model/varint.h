/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers in few bytes: seven bits a byte, the lowest first; the top bit says that more follow. */
#ifndef KVMQ_VARINT_H
#define KVMQ_VARINT_H

#include <stdbool.h>
#include <stdint.h>

#define VARINT_MOST 10 /* bytes of 64 bits */

/* What has not been read yet. */
struct varint_cursor {
	const unsigned char *at, *end;
};

/* Writes a number, in VARINT_MOST bytes at most. Returns where the next byte is to stand. */
unsigned char *varint__put(unsigned char *at, uint64_t value);

/* Reads one; false: it ends nowhere, or is too long. */
bool varint__get(struct varint_cursor *cursor, uint64_t *value);

/* Numbers of both signs, folded so that small ones stay small. */
static inline uint64_t varint_fold(uint64_t value)
{
	return value << 1 ^ -(value >> 63);
}

static inline uint64_t varint_unfold(uint64_t folded)
{
	return folded >> 1 ^ -(folded & 1);
}

#endif
