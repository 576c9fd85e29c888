/* SPDX-License-Identifier: GPL-2.0-only */
/* Figures of runs as dots on one axis: A above, B below. */
#ifndef KVMQ_SVG_RUNS_H
#define KVMQ_SVG_RUNS_H

#include <stddef.h>
#include <stdio.h>

struct svg_runs {
	const char *label;   /* what a reader who sees no picture is told */
	const double *a, *b; /* a value for each run; NAN: none */
	size_t a_count, b_count;
	double a_median, b_median;
};

/* An inline SVG as wide as its place: a dot for each run, a stroke for each median. */
void svg_runs__print(FILE *file, const struct svg_runs *runs);

/*
 * An interval on an axis of ratios around 1, with the margin that is no worse: a picture of what a
 * judgement stands on. All are ratios above 0.
 */
struct svg_interval {
	double estimate, low, high;
	double margin_low, margin_high;
};

void svg_interval__print(FILE *file, const struct svg_interval *interval);

#endif
