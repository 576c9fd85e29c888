/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far two samples of runs lie apart, and how sure that is. The samples are few, and nothing is
 * known of how they are distributed: ranks and rearrangements alone are used, which need no such
 * knowledge. All functions are pure; none allocates.
 */
#ifndef KVMQ_DIFF_STATS_H
#define KVMQ_DIFF_STATS_H

#include <stdbool.h>
#include <stddef.h>

/* The most runs on one side. */
#define SAMPLE_MAX 128

/* Two samples; paired: a[i] and b[i] belong together, and there are as many of both. */
struct samples {
	const double *a, *b;
	size_t a_count, b_count; /* 1 to SAMPLE_MAX */
	bool paired;
};

/* Where b lies from a, by subtraction: low and high hold 95 of 100 such intervals' truth. */
struct shift {
	double estimate;
	bool bounded; /* there are enough runs for low and high */
	double low, high;
};

/* By Hodges and Lehmann; the interval is that of the rank test (of signed ranks, if paired). */
struct shift samples__shift(const struct samples *samples);

/*
 * How probable it is that means lie at least so far apart, in either direction, where a and b do
 * not differ: of all rearrangements (within pairs, if paired), counted if they are no more than
 * PERMUTATIONS_COUNTED, else of PERMUTATIONS_DRAWN random ones, always the same.
 */
#define PERMUTATIONS_COUNTED 200000
#define PERMUTATIONS_DRAWN 20000
double samples__permutation_p(const struct samples *samples);

/* The fewest runs a side (or pairs) with which that, and an interval, can say anything at 5 %. */
size_t samples__fewest(bool paired);

/*
 * Runs a side (or pairs) for which a true shift is found in 80 of 100 comparisons. spread: the
 * standard deviation of the runs of one side, or of the pairs' differences.
 */
double runs_needed(double spread, double shift, bool paired);

/* Holm's correction for the number of tests, in place; order of p stays. At most HOLM_MAX. */
#define HOLM_MAX 2048
void holm(double *p, size_t count);

/* Of at least one value. */
double median_of(const double *values, size_t count);
double mean_of(const double *values, size_t count);

/* Standard deviation of a sample; 0 of fewer than two. */
double spread_of(const double *values, size_t count);

#endif
