/* SPDX-License-Identifier: GPL-2.0-only */
/* The distributions of a row's layers, one above the other on one axis of time. */
#ifndef KVMQ_LAYERS_H
#define KVMQ_LAYERS_H

#include <stdbool.h>
#include <stdio.h>

#include "io/io_rows.h"

/*
 * Prints an empty line, the row's name, the axis and a line for each layer that is known, from the
 * guest's queue down to the device: two characters for each power of two of ns, or one where
 * width (0: no limit) is too small for that; darker where more requests are. A tail is never
 * cut off: below 48 columns it may be wider. Returns false, and prints nothing, if no layer has a
 * distribution with a request in it.
 */
bool layers__print(FILE *file, const struct io_row *row, unsigned int width);

/* A line that says what the shades mean. */
void layers__print_shades(FILE *file);

#endif
