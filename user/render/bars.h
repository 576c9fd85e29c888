/* SPDX-License-Identifier: GPL-2.0-only */
/* A distribution of waits as bars in a terminal, or as buckets in JSON. */
#ifndef KVMQ_BARS_H
#define KVMQ_BARS_H

#include <jansson.h>
#include <stdio.h>

#include "collect/snapshot.h"

/*
 * Prints a line for each power of two from the first that is not empty to the
 * last: its bounds, its count, a bar as long as its share. 'w' is the part of
 * waits that follow a wake-up, 'p' that of preemptions.
 */
void bars__print(FILE *file, const char *title, const struct wait_hist *hist,
		 unsigned int terminal_width);

/* {"wake": [{"ge_ns", "lt_ns", "count"}...], "preempt": [...]}: buckets that are
 * not empty, at full resolution. lt_ns is null in the last bucket of all. */
json_t *bars__json(const struct wait_hist *hist);

#endif
