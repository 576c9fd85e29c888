/* SPDX-License-Identifier: GPL-2.0-only */
/* A distribution of waits as bars in a terminal, or as buckets in JSON. */
#ifndef KVMQ_BARS_H
#define KVMQ_BARS_H

#include <jansson.h>
#include <stdio.h>

#include "model/snapshot.h"

/* Two parts of one distribution, each with its letter in the bar. */
struct bar_parts {
	const uint32_t *first; /* HIST_BUCKETS counts */
	const uint32_t *second;
	char letters[2];
	const char *none; /* said after the title when there is nothing to show */
};

/*
 * Prints a line for each power of two from the first that is not empty to the last:
 * its bounds, its count, a bar as long as its share.
 */
void bars__print_parts(FILE *file, const char *title, const struct bar_parts *parts,
		       unsigned int terminal_width);

/* The same for waits: 'w' is the part that follows a wake-up, 'p' that of preemptions. */
void bars__print(FILE *file, const char *title, const struct wait_hist *hist,
		 unsigned int terminal_width);

/* A bound of a power of two in three digits or so: 512ns, 1.02us, 134ms. */
void format_bound(char *text, size_t size, uint64_t ns);

/* [{"ge_ns", "lt_ns", "count"}...]: buckets that are not empty, at full resolution.
 * lt_ns is null in the last bucket of all. */
json_t *bars__json_buckets(const uint32_t *count);

/* {"wake": [...], "preempt": [...]}, as above. */
json_t *bars__json(const struct wait_hist *hist);

#endif
