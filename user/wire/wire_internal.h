/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands in the frames. Numbers are those of model/varint.h, of both signs folded. A text is
 * its length and its bytes; an array is the length of its growth from zeros (model/growth.h), and
 * that.
 *
 * Tables: version, boot, host, interval; how many sets there are; of each its name, whether it is
 * of events, how many of its fields are keys, how many fields it has; of each its name, type, kind
 * and count. Types and kinds are numbered as in model/set.h.
 *
 * A moment: of each set, in the order of the tables, how many rows it has; how many bytes they take
 * (a word of 32 bits); the rows, which are the fields in their order.
 */
#ifndef KVMQ_WIRE_INTERNAL_H
#define KVMQ_WIRE_INTERNAL_H

#include "wire/wire.h"

#define WIRE_NAME_SIZE 48 /* of a set or a field, with its end */
#define WIRE_SETS_MAX 128
#define WIRE_FIELDS_MAX 256	  /* of a set */
#define WIRE_COUNT_MAX (1U << 16) /* of a field */

uint32_t wire__get_word(const unsigned char bytes[4]);
void wire__put_word(unsigned char bytes[4], uint32_t word);

#endif
