/* SPDX-License-Identifier: GPL-2.0-only */
/* Two distributions of durations over each other. */
#ifndef KVMQ_SVG_WAITS_H
#define KVMQ_SVG_WAITS_H

#include <stdint.h>
#include <stdio.h>

/* How many there were in each of HIST_BUCKETS buckets (bpf/hist.h). */
struct svg_waits {
	const char *label; /* what a reader who sees no picture is told */
	const uint64_t *a, *b;
};

/*
 * An inline SVG as wide as its place. Each side is shown as shares of its own number, so that
 * sides of unequal length compare. The axis is that of the buckets: nearly logarithmic.
 */
void svg_waits__print(FILE *file, const struct svg_waits *waits);

#endif
