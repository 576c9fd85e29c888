/* SPDX-License-Identifier: GPL-2.0-only */
/* One figure of two kinds of runs, A and B: how far it has moved, and whether that is worse. */
#ifndef KVMQ_DIFF_COMPARE_H
#define KVMQ_DIFF_COMPARE_H

#include "diff/stats.h"

/* What is good for whoever waits. */
enum direction {
	LESS_IS_BETTER,
	MORE_IS_BETTER,
	NEITHER_IS_BETTER,
};

enum judgement {
	JUDGED_UNDECIDED, /* the interval holds both what is worse and what is not */
	JUDGED_NO_WORSE,  /* it ends within the margin */
	JUDGED_BETTER,	  /* it lies beyond the margin, on the good side */
	JUDGED_WORSE,	  /* the same on the other side */
	JUDGED_DIFFERENT, /* the same, where neither side is better */
};

/* A figure by run. NAN: that run does not know it. */
struct figure_runs {
	double a[SAMPLE_MAX], b[SAMPLE_MAX];
	size_t a_count, b_count; /* if paired, the same */
	bool paired;
	enum direction direction;
};

struct comparison {
	size_t a_count, b_count; /* runs that know the figure, or pairs; 0: all else is 0, too */
	double a_median, b_median;
	double a_cv, b_cv;  /* standard deviation by mean; 0 where the mean is 0 */
	bool is_ratio;	    /* all values are above 0; else shift is B less A, as they are */
	struct shift shift; /* of B by A */
	double p;	    /* of the permutation test */
	enum judgement judgement;
	double needed; /* of an undecided one: runs a side, or pairs, that would do; 0: unknown */
};

/* The most that a difference may be probable in runs that do not differ. */
#define P_MAX 0.05

/* All but the judgement. p is that of the permutation test, on logarithms of a ratio. */
void compare__make(struct comparison *comparison, const struct figure_runs *runs);

/*
 * The judgement: margin is what may be lost, as a share of A (0.02). Worse, better and different
 * ask for an interval beyond it and p of P_MAX at most. p may have been corrected before.
 */
void compare__judge(struct comparison *comparison, const struct figure_runs *runs, double margin);

/* A word for JSON and tables. */
const char *judgement__name(enum judgement judgement);

#endif
