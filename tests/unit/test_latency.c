// SPDX-License-Identifier: GPL-2.0-only
/* How long requests took: sums, differences and what they say. */
#include "model/buckets.h"
#include "model/latency.h"
#include "unit.h"

static uint64_t percentile(const struct latency *latency, unsigned int permille)
{
	return buckets__percentile(&latency->hist, 1, permille, UINT64_MAX);
}

static void record(struct latency *latency, uint64_t ns, uint32_t times)
{
	latency->count += times;
	latency->sum_ns += ns * times;
	latency->hist[hist_bucket(ns)] += times;
}

static void test_adds(void **state)
{
	struct latency a = { 0 }, b = { 0 };

	(void)state;
	record(&a, 1000, 3);
	record(&b, 1000, 1);
	record(&b, 5, 2);
	latency__add(&a, &b);
	assert_int_equal(a.count, 6);
	assert_int_equal(a.sum_ns, 4010);
	assert_int_equal(a.hist[hist_bucket(1000)], 4);
	assert_int_equal(a.hist[hist_bucket(5)], 2);
	assert_int_equal(b.count, 3);
}

static void test_subtracts(void **state)
{
	struct latency before = { 0 }, after, difference;

	(void)state;
	record(&before, 1000, 3);
	after = before;
	record(&after, 1000, 2);
	record(&after, 2000, 1);
	latency__subtract(&difference, &after, &before);
	assert_int_equal(difference.count, 3);
	assert_int_equal(difference.sum_ns, 4000);
	assert_int_equal(difference.hist[hist_bucket(1000)], 2);
	assert_int_equal(difference.hist[hist_bucket(2000)], 1);
	latency__subtract(&difference, &after, NULL);
	assert_memory_equal(&difference, &after, sizeof(after));
	latency__subtract(&after, &after, &before); /* into one of them */
	assert_int_equal(after.count, 3);
	assert_int_equal(after.hist[hist_bucket(1000)], 2);
	difference = after;
	latency__subtract(&difference, &difference, &difference);
	assert_int_equal(difference.count, 0);
	assert_int_equal(difference.sum_ns, 0);
}

/* A bucket comes round, and with it a count that was made of the buckets. */
static void test_comes_round(void **state)
{
	struct latency before = { 0 }, after = { 0 }, difference;
	uint32_t bucket = hist_bucket(1000);

	(void)state;
	before.hist[bucket] = UINT32_MAX - 1;
	before.count = UINT32_MAX - 1;
	after.hist[bucket] = 3;
	after.count = 3;
	after.sum_ns = 5000;
	latency__subtract(&difference, &after, &before);
	assert_int_equal(difference.hist[bucket], 5);
	assert_int_equal(difference.count, 5);
	assert_int_equal(latency__mean(&difference), 1000);
	/* A count of its own did not. */
	after.count = before.count + 5;
	latency__subtract(&difference, &after, &before);
	assert_int_equal(difference.count, 5);
}

/* Little's law and QMP have none. */
static void test_without_distribution(void **state)
{
	struct latency before = { .count = 10, .sum_ns = 1000 },
		       after = { .count = 14, .sum_ns = 1400 }, difference;

	(void)state;
	latency__subtract(&difference, &after, &before);
	assert_int_equal(difference.count, 4);
	assert_int_equal(latency__mean(&difference), 100);
	assert_int_equal(percentile(&difference, 500), 0);
}

static void test_figures(void **state)
{
	struct latency latency = { 0 };

	(void)state;
	assert_int_equal(latency__mean(&latency), 0);
	assert_int_equal(percentile(&latency, 990), 0);
	latency = (struct latency){ .count = 1, .sum_ns = 5 };
	assert_int_equal(latency__mean(&latency), 5);
	latency = (struct latency){ 0 };
	record(&latency, 1000000, 99);
	record(&latency, 100000000, 1);
	assert_int_equal(latency__mean(&latency), 1990000);
	assert_in_range(percentile(&latency, 500), 937500, 1062500);
	assert_in_range(percentile(&latency, 990), 937500, 1062500);
	assert_in_range(percentile(&latency, 999), 93750000, 106250000);
	/* Nothing bounds the last bucket. */
	record(&latency, UINT64_MAX / 2, 1000);
	assert_true(percentile(&latency, 990) > 100000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adds),	    cmocka_unit_test(test_subtracts),
		cmocka_unit_test(test_comes_round), cmocka_unit_test(test_without_distribution),
		cmocka_unit_test(test_figures),
	};

	return cmocka_run_group_tests_name("latency", tests, NULL, NULL);
}
