/* SPDX-License-Identifier: GPL-2.0-only */
/* A distribution as bars in a terminal, or as buckets in JSON. */
#ifndef KVMQ_BARS_H
#define KVMQ_BARS_H

#include <jansson.h>
#include <stdio.h>

#include "render/metric.h"

/*
 * Prints a line for each power of two, from the first to the last that is not empty: its bounds,
 * its count, and a bar as long as its share, made of the first letters of the parts' names.
 */
void bars__print(FILE *file, const char *title, const struct distribution *distribution,
		 const void *row, unsigned int terminal_width);

/* A bound of a power of two in three digits or so: 512ns, 1.02us, 134ms. */
void format_bound(char *text, size_t size, uint64_t ns);

/*
 * Each distribution of a table, by its key: [{"ge_ns", "lt_ns", "count"}...] with the buckets that
 * are not empty at full resolution; of several parts, one such list by the name of each part; null:
 * not known. lt_ns is null in the last bucket. A new reference.
 */
json_t *bars__json(const struct metric_table *table, const void *row);

#endif
