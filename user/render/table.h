/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows as text: columns with a header, for a terminal or a pipe. */
#ifndef KVMQ_TABLE_H
#define KVMQ_TABLE_H

#include <stdio.h>

#include "render/metric.h"

/*
 * Prints a header and count rows, row_size bytes apart. Columns are as wide as
 * their contents. If they are wider than the terminal (0: none, so no limit), texts
 * are cut in their middle, down to 8 characters, from the first column on; then the
 * last columns are left out and named below. Spare columns are shown as far as the
 * terminal has room left for them whole. Returns 0 or -ENOMEM.
 */
int table__print(FILE *file, const struct columns *columns, const void *rows, size_t row_size,
		 size_t count, unsigned int terminal_width);

#endif
