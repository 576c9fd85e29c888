// SPDX-License-Identifier: GPL-2.0-only
/* What two samples of runs say, against published examples and what can be counted by hand. */
#include <math.h>

#include "diff/stats.h"
#include "unit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define assert_near(is, wanted) assert_true(fabs((is) - (wanted)) < 0.0005)

/* Permeability of a membrane: Hollander and Wolfe 1973, p. 69. */
static const double term[] = { 0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46 };
static const double early[] = { 1.15, 0.88, 0.90, 0.74, 1.21 };

/* A scale of depression before and after treatment: the same, p. 29. */
static const double first[] = { 1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30 };
static const double second[] = { 0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29 };

/* Darwin's maize, crossed and selfed, by pot: Fisher, The Design of Experiments, 1935. */
static const double maize[] = { 49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48 };

static void test_shift_of_two(void **state)
{
	const struct samples samples = { early, term, COUNT(early), COUNT(term), false };
	struct shift shift = samples__shift(&samples);

	(void)state;
	assert_true(shift.bounded);
	assert_near(shift.estimate, 0.305);
	assert_near(shift.low, -0.15);
	assert_near(shift.high, 0.76);
}

static void test_shift_of_pairs(void **state)
{
	const struct samples samples = { second, first, COUNT(second), COUNT(first), true };
	struct shift shift = samples__shift(&samples);

	(void)state;
	assert_true(shift.bounded);
	assert_near(shift.estimate, 0.46);
	assert_near(shift.low, 0.01);
	assert_near(shift.high, 0.786);
}

/* Of 3 and 3 runs the least p is 2 of 20; of 4 and 4, 2 of 70; of 5 pairs, 2 of 32. */
static void test_few_runs_have_no_interval(void **state)
{
	const double a[] = { 1, 2, 3, 4, 5, 6 }, b[] = { 11, 12, 13, 14, 15, 16 };
	struct samples samples = { a, b, 3, 3, false };

	(void)state;
	assert_false(samples__shift(&samples).bounded);
	assert_near(samples__shift(&samples).estimate, 10);
	assert_near(samples__permutation_p(&samples), 0.1);
	samples.a_count = samples.b_count = 4;
	assert_true(samples__shift(&samples).bounded);
	assert_near(samples__shift(&samples).low, 7);
	assert_near(samples__shift(&samples).high, 13);
	assert_near(samples__permutation_p(&samples), 2.0 / 70);
	samples = (struct samples){ a, b, 5, 5, true };
	assert_false(samples__shift(&samples).bounded);
	assert_near(samples__permutation_p(&samples), 2.0 / 32);
	samples.a_count = samples.b_count = 6;
	assert_true(samples__shift(&samples).bounded);
	assert_near(samples__permutation_p(&samples), 2.0 / 64);
}

static void test_permutations_are_counted(void **state)
{
	const double none[COUNT(maize)] = { 0 };
	const double a[] = { 1, 2, 3, 10 }, b[] = { 4, 5, 6, 7 };
	struct samples samples = { none, maize, COUNT(maize), COUNT(maize), true };

	(void)state;
	assert_near(samples__permutation_p(&samples), 1726.0 / 32768);
	/* All values sum to 38; 16 is 3 from their middle, 19: so are these sums of four, or more.
	 */
	samples = (struct samples){ a, b, 4, 4, false };
	assert_near(samples__permutation_p(&samples), 42.0 / 70);
}

/* Where all are alike, no rearrangement is less far. */
static void test_no_difference(void **state)
{
	const double a[] = { 0.1, 0.1, 0.1, 0.1, 0.1, 0.1 };
	struct samples samples = { a, a, 6, 6, false };

	(void)state;
	assert_near(samples__permutation_p(&samples), 1);
	samples.paired = true;
	assert_near(samples__permutation_p(&samples), 1);
	assert_near(samples__shift(&samples).high, 0);
}

/* Too many to count: drawn, the same each time, and near to what theory says. */
static void test_permutations_are_drawn(void **state)
{
	double a[40], b[40];
	struct samples samples;
	double p;

	(void)state;
	for (int i = 0; i < 40; i++) {
		a[i] = i;
		b[i] = i + 5.124; /* 1.96 standard errors of the difference, sqrt(2 / 40) * 11.69 */
	}
	samples = (struct samples){ a, b, 40, 40, false };
	p = samples__permutation_p(&samples);
	assert_true(p > 0.04 && p < 0.06);
	assert_true(p == samples__permutation_p(&samples));
	samples.paired = true;
	assert_near(samples__permutation_p(&samples), 1.0 / (PERMUTATIONS_DRAWN + 1));
}

/* The interval goes on where it is no longer counted: nothing jumps there. */
static void test_large_samples(void **state)
{
	double a[26], b[26];
	struct samples samples;
	struct shift counted, estimated;

	(void)state;
	for (int i = 0; i < 26; i++) {
		a[i] = i * i % 27;
		b[i] = i * 7 % 26 + 3;
	}
	samples = (struct samples){ a, b, 25, 25, false };
	counted = samples__shift(&samples);
	samples.a_count = samples.b_count = 26;
	estimated = samples__shift(&samples);
	assert_true(counted.bounded && estimated.bounded);
	assert_true(fabs(counted.low - estimated.low) <= 1.5);
	assert_true(fabs(counted.high - estimated.high) <= 1.5);
}

static void test_holm(void **state)
{
	double p[] = { 0.01, 0.04, 0.03, 0.005 }, large[] = { 0.9, 0.4 };

	(void)state;
	holm(p, COUNT(p));
	assert_near(p[0], 0.03);
	assert_near(p[1], 0.06);
	assert_near(p[2], 0.06);
	assert_near(p[3], 0.02);
	holm(large, COUNT(large));
	assert_near(large[0], 0.9);
	assert_near(large[1], 0.8);
}

static void test_moments(void **state)
{
	const double values[] = { 2, 4, 4, 4, 5, 5, 7, 9 };

	(void)state;
	assert_near(median_of(values, 8), 4.5);
	assert_near(median_of(values, 7), 4);
	assert_near(mean_of(values, 8), 5);
	assert_near(spread_of(values, 8), sqrt(32.0 / 7));
	assert_near(spread_of(values, 1), 0);
}

/* 2 * (2.802 * 0.05 / 0.05)^2 / 0.955 = 16.4; half of it in pairs. */
static void test_runs_needed(void **state)
{
	(void)state;
	assert_near(runs_needed(0.05, 0.05, false), 17);
	assert_near(runs_needed(0.05, 0.05, true), 9);
	assert_near(runs_needed(0.001, 0.05, false), 4);
	assert_near(runs_needed(0.001, 0.05, true), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shift_of_two),
		cmocka_unit_test(test_shift_of_pairs),
		cmocka_unit_test(test_few_runs_have_no_interval),
		cmocka_unit_test(test_permutations_are_counted),
		cmocka_unit_test(test_no_difference),
		cmocka_unit_test(test_permutations_are_drawn),
		cmocka_unit_test(test_large_samples),
		cmocka_unit_test(test_holm),
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_runs_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
