/* SPDX-License-Identifier: GPL-2.0-only */
/* A share of time over time as a strip of shades: a row of a heat map. */
#ifndef KVMQ_SVG_HEAT_H
#define KVMQ_SVG_HEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct svg_heat_cell {
	bool known; /* else it stays empty */
	double pct;
};

/* Consecutive cells of the same length in time. */
struct svg_heat {
	const char *label; /* what a reader who sees no picture is told */
	const struct svg_heat_cell *cells;
	size_t count;
	uint64_t begin_ns, end_ns; /* time of day */
	bool utc;
};

/*
 * An inline SVG as wide as its place. Neighbours of one shade are one rectangle, which says from
 * when to when it is, and how much of the time it was at most.
 */
void svg_heat__print(FILE *file, const struct svg_heat *heat);

/* What the shades mean, as HTML. */
void svg_heat__print_key(FILE *file);

#endif
