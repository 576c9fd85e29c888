// SPDX-License-Identifier: GPL-2.0-only
#include "diff/stats.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SIDED_P 0.025	/* in each tail of a 95 % interval */
#define NORMAL_95 1.960 /* of a normal distribution: 95 % lie within */
#define NORMAL_80 0.842 /* and 80 % below */

/* Rank tests need so many times the runs of a t test, where both are exact (3/pi). */
#define RANK_EFFICIENCY 0.955

/* Numbers of rearrangements are exact in a double up to here. */
#define EXACT_RUNS 50

#define PAIRWISE_MAX (SAMPLE_MAX * SAMPLE_MAX)

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return a > b ? 1 : a < b ? -1 : 0;
}

static double median_of_sorted(const double *values, size_t count)
{
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

double median_of(const double *values, size_t count)
{
	double sorted[SAMPLE_MAX];

	memcpy(sorted, values, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_doubles);
	return median_of_sorted(sorted, count);
}

double mean_of(const double *values, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i];
	return sum / (double)count;
}

double spread_of(const double *values, size_t count)
{
	double mean, sum = 0;

	if (count < 2)
		return 0;
	mean = mean_of(values, count);
	for (size_t i = 0; i < count; i++)
		sum += (values[i] - mean) * (values[i] - mean);
	return sqrt(sum / (double)(count - 1));
}

/*
 * How many rearrangements of a and b runs have each rank sum, less the smallest: the coefficients
 * of the product of (1 - x^(b + i)) / (1 - x^i) for i from 1 to a.
 */
static void count_rank_sums(double *counts, size_t a, size_t b)
{
	memset(counts, 0, (a * b + 1) * sizeof(*counts));
	counts[0] = 1;
	for (size_t i = 1; i <= a; i++) {
		for (size_t sum = a * b; sum >= b + i; sum--)
			counts[sum] -= counts[sum - b - i];
		for (size_t sum = i; sum <= a * b; sum++)
			counts[sum] += counts[sum - i];
	}
}

/* The same of signed ranks of pairs: the product of (1 + x^i). */
static void count_signed_ranks(double *counts, size_t pairs)
{
	size_t most = pairs * (pairs + 1) / 2;

	memset(counts, 0, (most + 1) * sizeof(*counts));
	counts[0] = 1;
	for (size_t i = 1; i <= pairs; i++)
		for (size_t sum = most; sum >= i; sum--)
			counts[sum] += counts[sum - i];
}

/*
 * So many of the ordered differences lie outside the interval, at each end, the first inside not
 * among them: the greatest number that as much as SIDED_P allows. -1: not even none.
 */
static long count_outside(const double *counts, size_t most)
{
	double all = 0, tail = 0;
	long outside = -1;

	for (size_t i = 0; i <= most; i++)
		all += counts[i];
	for (size_t i = 0; i <= most && (tail += counts[i]) <= SIDED_P * all; i++)
		outside = (long)i;
	return outside;
}

/* By the normal distribution, with its correction for whole numbers. */
static long estimate_outside(double mean, double variance)
{
	return (long)floor(mean - 0.5 - NORMAL_95 * sqrt(variance));
}

static long outside_unpaired(size_t a, size_t b)
{
	double counts[(EXACT_RUNS / 2) * (EXACT_RUNS / 2) + 1];
	double product = (double)(a * b);

	if (a + b > EXACT_RUNS)
		return estimate_outside(product / 2, product * (double)(a + b + 1) / 12);
	count_rank_sums(counts, a, b);
	return count_outside(counts, a * b);
}

static long outside_paired(size_t pairs)
{
	double counts[EXACT_RUNS * (EXACT_RUNS + 1) / 2 + 1];
	double n = (double)pairs;

	if (pairs > EXACT_RUNS)
		return estimate_outside(n * (n + 1) / 4, n * (n + 1) * (2 * n + 1) / 24);
	count_signed_ranks(counts, pairs);
	return count_outside(counts, pairs * (pairs + 1) / 2);
}

/* b - a of each with each; paired: the means of each two pairs' differences. */
static size_t list_shifts(const struct samples *samples, double *shifts)
{
	size_t count = 0;

	for (size_t i = 0; i < samples->a_count; i++) {
		if (!samples->paired) {
			for (size_t j = 0; j < samples->b_count; j++)
				shifts[count++] = samples->b[j] - samples->a[i];
			continue;
		}
		for (size_t j = i; j < samples->a_count; j++)
			shifts[count++] =
				(samples->b[i] - samples->a[i] + samples->b[j] - samples->a[j]) / 2;
	}
	return count;
}

struct shift samples__shift(const struct samples *samples)
{
	double shifts[PAIRWISE_MAX];
	size_t count = list_shifts(samples, shifts);
	long outside = samples->paired ? outside_paired(samples->a_count)
				       : outside_unpaired(samples->a_count, samples->b_count);
	struct shift shift = { .bounded = outside >= 0 };

	qsort(shifts, count, sizeof(*shifts), compare_doubles);
	shift.estimate = median_of_sorted(shifts, count);
	if (shift.bounded) {
		shift.low = shifts[outside];
		shift.high = shifts[count - 1 - (size_t)outside];
	}
	return shift;
}

/* Numbers that look random, always the same (xorshift64*, Vigna 2016). */
static uint64_t draw(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717ULL;
}

/* Rearrangements, and those as far from no difference as what was seen. */
struct tally {
	double limit; /* a sum is as far if its distance is at least this */
	double middle;
	double far, all;
};

static void tally__take(struct tally *tally, double sum)
{
	tally->all++;
	tally->far += fabs(sum - tally->middle) >= tally->limit;
}

/* Rounding must not part what is the same. */
static void tally__begin(struct tally *tally, double seen, double middle)
{
	double distance = fabs(seen - middle);

	*tally = (struct tally){ .middle = middle };
	tally->limit = distance - 1e-9 * (distance + fabs(middle));
}

static double choose(size_t n, size_t k)
{
	double result = 1;

	for (size_t i = 1; i <= k; i++)
		result = result * (double)(n - k + i) / (double)i;
	return result;
}

/* The next ascending choice of so many places: false after the last. */
static bool next_choice(size_t *places, size_t wanted, size_t count)
{
	size_t i = wanted;

	while (i && places[i - 1] == count - wanted + i - 1)
		i--;
	if (!i)
		return false;
	places[i - 1]++;
	for (; i < wanted; i++)
		places[i] = places[i - 1] + 1;
	return true;
}

/* All ways to take so many of the values. */
static void take_all(struct tally *tally, const double *values, size_t count, size_t wanted)
{
	size_t places[SAMPLE_MAX];

	for (size_t i = 0; i < wanted; i++)
		places[i] = i;
	do {
		double sum = 0;

		for (size_t i = 0; i < wanted; i++)
			sum += values[places[i]];
		tally__take(tally, sum);
	} while (next_choice(places, wanted, count));
}

/* One of them, by exchanging as many values for later ones. */
static double take_random(double *values, size_t count, size_t wanted, uint64_t *state)
{
	double sum = 0;

	for (size_t i = 0; i < wanted && i < count; i++) {
		size_t other = i + (size_t)(draw(state) % (count - i));
		double value = values[other];

		values[other] = values[i];
		values[i] = value;
		sum += value;
	}
	return sum;
}

static double counted_p(const struct tally *tally)
{
	return tally->all > 0 ? tally->far / tally->all : 1;
}

static double random_p(const struct tally *tally)
{
	return (tally->far + 1) / (tally->all + 1); /* what was seen is one, too */
}

static double unpaired_p(const struct samples *samples)
{
	double values[2 * SAMPLE_MAX];
	size_t a = samples->a_count, count = a + samples->b_count;
	uint64_t state = 1;
	struct tally tally;

	memcpy(values, samples->a, a * sizeof(*values));
	memcpy(values + a, samples->b, samples->b_count * sizeof(*values));
	tally__begin(&tally, mean_of(samples->a, a) * (double)a,
		     mean_of(values, count) * (double)a);
	if (choose(count, a) <= PERMUTATIONS_COUNTED) {
		take_all(&tally, values, count, a);
		return counted_p(&tally);
	}
	for (int i = 0; i < PERMUTATIONS_DRAWN; i++)
		tally__take(&tally, take_random(values, count, a, &state));
	return random_p(&tally);
}

/* The sum of the differences, where bit i turns the sign of the i-th. */
static double sum_signed(const double *differences, size_t count, const uint64_t *bits)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += bits[i / 64] >> i % 64 & 1 ? -differences[i] : differences[i];
	return sum;
}

static double paired_p(const struct samples *samples)
{
	double differences[SAMPLE_MAX];
	size_t count = samples->a_count;
	uint64_t state = 1, bits[SAMPLE_MAX / 64] = { 0 };
	struct tally tally;

	for (size_t i = 0; i < count; i++)
		differences[i] = samples->b[i] - samples->a[i];
	tally__begin(&tally, mean_of(differences, count) * (double)count, 0);
	if (exp2((double)count) <= PERMUTATIONS_COUNTED) {
		for (; bits[0] < 1ULL << count; bits[0]++)
			tally__take(&tally, sum_signed(differences, count, bits));
		return counted_p(&tally);
	}
	for (int i = 0; i < PERMUTATIONS_DRAWN; i++) {
		bits[0] = draw(&state);
		bits[1] = draw(&state);
		tally__take(&tally, sum_signed(differences, count, bits));
	}
	return random_p(&tally);
}

double samples__permutation_p(const struct samples *samples)
{
	return samples->paired ? paired_p(samples) : unpaired_p(samples);
}

/* 2 of C(8, 4) = 70 rearrangements are as far as what is farthest; of 2^6 = 64 signs. */
size_t samples__fewest(bool paired)
{
	return paired ? 6 : 4;
}

double runs_needed(double spread, double shift, bool paired)
{
	double sigmas = (NORMAL_95 + NORMAL_80) * spread / shift;
	double runs = (paired ? 1 : 2) * sigmas * sigmas / RANK_EFFICIENCY;
	double fewest = (double)samples__fewest(paired);

	return runs > fewest ? ceil(runs) : fewest;
}

void holm(double *p, size_t count)
{
	bool done[HOLM_MAX] = { false };
	double floor_p = 0;

	for (size_t step = 0; step < count; step++) {
		size_t least = count;
		double corrected;

		for (size_t i = 0; i < count; i++)
			if (!done[i] && (least == count || p[i] < p[least]))
				least = i;
		corrected = fmin(1, p[least] * (double)(count - step));
		floor_p = fmax(floor_p, corrected);
		p[least] = floor_p;
		done[least] = true;
	}
}
