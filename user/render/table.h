/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows as text: columns with a header, for a terminal or a pipe. */
#ifndef KVMQ_TABLE_H
#define KVMQ_TABLE_H

#include <stdio.h>

#include "render/metric.h"

/* What is printed around the parts of a table that look different. */
struct table_style {
	const char *look, *act; /* before a figure with such a mark */
	const char *sorted;	/* before the header of the column that rows are ordered by */
	const char *end;	/* after each of them */
};

#define CELL_SIZE 512 /* bytes: no name, path or list is longer */

/* A figure of a row as a table shows it, with its mark if it has one. Returns its length. */
size_t table__cell(char text[CELL_SIZE], const struct metric *metric, const void *row);

/* The same of a value of it, without a mark. */
size_t table__value(char text[CELL_SIZE], const struct metric *metric, struct value value);

/* How a table is shown. */
struct table_frame {
	struct table_style style;
	const struct metric *sorted; /* or NULL */
	unsigned int width;	     /* of the terminal; 0: no limit */
	size_t *widths;	   /* COLUMNS_MAX: no column gets narrower than it was; NULL: not kept */
	bool name_missing; /* says which columns have no room */
};

/*
 * Prints a header and count rows, row_size bytes apart. Columns are as wide as their contents. If
 * they are wider than the terminal (0: none, so no limit), texts are cut in their middle, down to 8
 * characters, from the first column on; then the last columns are left out and named below. Spare
 * columns are shown if the terminal has room for them as a whole. Returns 0 or -ENOMEM.
 */
int table__print(FILE *file, const struct columns *columns, const void *rows, size_t row_size,
		 size_t count, unsigned int terminal_width);

/* The same in a frame. */
int table__show(FILE *file, const struct table_frame *frame, const struct columns *columns,
		const void *rows, size_t row_size, size_t count);

#endif
