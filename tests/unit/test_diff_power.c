// SPDX-License-Identifier: GPL-2.0-only
/*
 * What comparisons find in populations that are known: nothing where there is nothing, and a
 * difference as often as the advice and the manual's table promise.
 */
#include <string.h>

#include "diff_population.h"
#include "unit.h"

#define TRIES 200
#define MANY_TRIES 2000 /* so that chance does not decide */
#define MARGIN 0.02
#define POWER_TRIES 150
#define TABLE_TRIES 1000
#define FAMILY 20

static const double effects[] = { 0.02, 0.05, 0.10 };
static const double cvs[] = { 0.02, 0.05, 0.20 };
static const size_t sizes[] = { 4, 6, 8, 12, 16, 24, 32 };

static enum judgement compare(const struct figure_runs *runs, double margin)
{
	struct comparison comparison;

	compare__make(&comparison, runs);
	compare__judge(&comparison, runs, margin);
	return comparison.judgement;
}

static bool is_found(enum judgement judgement)
{
	return judgement == JUDGED_WORSE || judgement == JUDGED_BETTER ||
	       judgement == JUDGED_DIFFERENT;
}

/* Runs a side, the population, and how it is compared. */
struct trial {
	size_t n;
	double effect, cv, margin;
	bool paired;
};

/* In how many of so many comparisons something was found. */
static int count_found(const struct trial *trial, int tries)
{
	uint64_t seed = 14;
	int found = 0;

	for (int i = 0; i < tries; i++) {
		struct figure_runs runs = { .paired = trial->paired };

		population_fill(&runs, &seed, trial->n, trial->effect, trial->cv);
		found += is_found(compare(&runs, trial->margin));
	}
	return found;
}

static void test_one_population(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (size_t n = 4; n <= 12; n += 2) {
			struct trial trial = { n, 0, cvs[i], MARGIN, false };

			assert_in_range(count_found(&trial, TRIES), 0, TRIES / 20);
			trial.paired = true;
			assert_in_range(count_found(&trial, TRIES), 0, TRIES / 20);
		}
	}
}

/* The hardest case. */
static void test_one_population_without_margin(void **state)
{
	(void)state;
	for (size_t n = 4; n <= 8; n += 2) {
		struct trial trial = { n, 0, 0.05, 0, false };

		assert_in_range(count_found(&trial, MANY_TRIES), 0, MANY_TRIES / 20);
		trial.paired = true;
		assert_in_range(count_found(&trial, MANY_TRIES), 0, MANY_TRIES / 20);
	}
}

/* Whether any of many figures of the same runs is found, after Holm's correction. */
static bool family_finds(uint64_t *seed)
{
	struct figure_runs runs[FAMILY];
	struct comparison comparisons[FAMILY];
	double p[FAMILY];
	bool found = false;

	memset(runs, 0, sizeof(runs));
	for (int i = 0; i < FAMILY; i++) {
		population_fill(&runs[i], seed, 8, 0, cvs[i % 3]);
		compare__make(&comparisons[i], &runs[i]);
		p[i] = comparisons[i].p;
	}
	holm(p, FAMILY);
	for (int i = 0; i < FAMILY; i++) {
		comparisons[i].p = p[i];
		compare__judge(&comparisons[i], &runs[i], MARGIN);
		found |= is_found(comparisons[i].judgement);
	}
	return found;
}

static void test_many_figures_of_one_population(void **state)
{
	uint64_t seed = 15;
	int found = 0;

	(void)state;
	for (int i = 0; i < TRIES; i++)
		found += family_finds(&seed);
	assert_in_range(found, 0, TRIES / 20);
}

/* Eight of ten are found with 1.5 times as many runs as advised, and not with fewer by that. */
static void check_advice(double effect, double cv, bool paired)
{
	double spread = sqrt(log1p(cv * cv)) * (paired ? M_SQRT2 : 1);
	double advice = runs_needed(spread, log1p(effect), paired);
	struct trial more = { (size_t)(advice * 1.5), effect, cv, 0, paired };
	struct trial fewer = { (size_t)(advice / 1.5), effect, cv, 0, paired };

	if (more.n > SAMPLE_MAX)
		return;
	assert_in_range(count_found(&more, POWER_TRIES), POWER_TRIES * 8 / 10, POWER_TRIES);
	if (fewer.n >= samples__fewest(paired))
		assert_in_range(count_found(&fewer, POWER_TRIES), 0, POWER_TRIES * 8 / 10 - 1);
}

static void test_advice(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < 3; j++) {
			check_advice(effects[i], cvs[j], false);
			check_advice(effects[i], cvs[j], true);
		}
	}
}

/* Not worse: as often as the interval of n runs is narrower than the margin. */
static void test_no_worse(void **state)
{
	struct figure_runs runs = { .direction = MORE_IS_BETTER };
	uint64_t seed = 16;

	(void)state;
	population_fill(&runs, &seed, 8, 0, 0.005);
	assert_int_equal(compare(&runs, 0.02), JUDGED_NO_WORSE);
	population_fill(&runs, &seed, 8, 0, 0.05);
	assert_int_equal(compare(&runs, 0.02), JUDGED_UNDECIDED);
}

/* The table of detection rates in the manual page, in its own form. */
static void print_table(void)
{
	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < 3; j++) {
			printf(".It %.0f Ta %.0f", 100 * effects[i], 100 * cvs[j]);
			for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
				const struct trial trial = { sizes[k], effects[i], cvs[j], 0,
							     false };

				printf(" Ta %d", (count_found(&trial, TABLE_TRIES) + 5) / 10);
			}
			putchar('\n');
		}
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_population),
		cmocka_unit_test(test_one_population_without_margin),
		cmocka_unit_test(test_many_figures_of_one_population),
		cmocka_unit_test(test_advice),
		cmocka_unit_test(test_no_worse),
	};

	if (argc > 1 && !strcmp(argv[1], "--table")) {
		print_table();
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
