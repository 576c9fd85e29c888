// SPDX-License-Identifier: GPL-2.0-only
/* Figures from a distribution, and shares: the last part of user/sched/rows.c. */
#include "unit.h"

#include "model/buckets.h"
#include "sched/rows.h"

#define SEC 1000000000ULL

static uint64_t middle(uint32_t bucket)
{
	return (hist_lower(bucket) + hist_lower(bucket + 1)) / 2;
}

static void test_share(void **state)
{
	(void)state;
	assert_int_equal(share_mpct(0, 0), 0);
	assert_int_equal(share_mpct(5, 0), 0);
	assert_int_equal(share_mpct(1, 2), 50000);
	assert_int_equal(share_mpct(1, 3), 33333);
	assert_int_equal(share_mpct(2, 3), 66667);
	assert_int_equal(share_mpct(7, 7), 100000);
	assert_int_equal(share_mpct(UINT64_MAX, UINT64_MAX), 100000);
}

static uint64_t percentile(const struct wait_hist *hist, unsigned int permille, uint64_t max_ns)
{
	return buckets__percentile(hist->count, CAUSES, permille, max_ns);
}

static void test_percentile(void **state)
{
	struct wait_hist hist = { 0 };
	uint64_t all = 100 * SEC;

	(void)state;
	assert_int_equal(percentile(&hist, 500, all), 0);
	hist.count[CAUSE_WAKE][40] = 1;
	assert_int_equal(percentile(&hist, 1, all), middle(40));
	assert_int_equal(percentile(&hist, 1000, all), middle(40));
	assert_int_equal(percentile(&hist, 500, middle(40) - 1), middle(40) - 1);
	/* 98 short ones, one of a cause each further up: ranks 99 and 100 of 100. */
	hist.count[CAUSE_WAKE][40] = 50;
	hist.count[CAUSE_PREEMPT][40] = 48;
	hist.count[CAUSE_PREEMPT][80] = 1;
	hist.count[CAUSE_WAKE][120] = 1;
	assert_int_equal(percentile(&hist, 500, all), middle(40));
	assert_int_equal(percentile(&hist, 980, all), middle(40));
	assert_int_equal(percentile(&hist, 981, all), middle(80));
	assert_int_equal(percentile(&hist, 990, all), middle(80));
	assert_int_equal(percentile(&hist, 991, all), middle(120));
	assert_int_equal(percentile(&hist, 1000, all), middle(120));
	/* In the open last bucket, no more than the longest. */
	hist.count[CAUSE_WAKE][HIST_BUCKETS - 1] = 1000;
	assert_int_equal(percentile(&hist, 500, 130 * SEC), 130 * SEC);
}

/* Against a sorted list of the same waits: within the bucket's error. */
static int compare_numbers(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static void test_percentile_error(void **state)
{
	static const unsigned int permilles[] = { 10, 100, 500, 900, 990, 999, 1000 };
	static uint64_t waits[5000];
	struct wait_hist hist = { 0 };
	uint64_t seed = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		waits[i] = 512 + ((seed >> 20) & ((1ULL << (10 + i % 27)) - 1));
		hist.count[i & 1][hist_bucket(waits[i])]++;
	}
	qsort(waits, ARRAY_SIZE(waits), sizeof(waits[0]), compare_numbers);
	for (size_t i = 0; i < ARRAY_SIZE(permilles); i++) {
		uint64_t exact = waits[(ARRAY_SIZE(waits) * permilles[i] + 999) / 1000 - 1];
		uint64_t got = percentile(&hist, permilles[i], waits[ARRAY_SIZE(waits) - 1]);

		assert_in_range(got, exact - exact / 16, exact + exact / 16);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_percentile),
		cmocka_unit_test(test_percentile_error),
	};

	return cmocka_run_group_tests_name("percentile", tests, NULL, NULL);
}
