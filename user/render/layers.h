/* SPDX-License-Identifier: GPL-2.0-only */
/* The distributions of a row's layers, one above the other on one axis of time. */
#ifndef KVMQ_LAYERS_H
#define KVMQ_LAYERS_H

#include <jansson.h>
#include <stdio.h>

#include "collect/io_rows.h"

/*
 * Prints a line for each layer that is known, from the guest's queue down to the device: two
 * characters for each power of two of ns, darker where more requests are. Cut to width (0: no
 * limit).
 */
void layers__print(FILE *file, const struct io_row *row, unsigned int width);

/* {"gq": [...], ...}: buckets as bars__json_buckets() has them; null: not known. */
json_t *layers__json(const struct io_row *row);

#endif
