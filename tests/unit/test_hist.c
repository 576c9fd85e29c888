// SPDX-License-Identifier: GPL-2.0-only
/* Buckets of waits: bpf/hist.h. */
#include "unit.h"

#include "bpf/hist.h"

#define USEC 1000ULL
#define SEC 1000000000ULL

static void test_log2(void **state)
{
	(void)state;
	for (uint32_t bit = 0; bit < 64; bit++) {
		uint64_t power = 1ULL << bit;

		assert_int_equal(hist_log2(power), bit);
		assert_int_equal(hist_log2(power | (power - 1)), bit);
	}
}

/* Both ends of every bucket, and the values just outside. */
static void test_every_bucket(void **state)
{
	(void)state;
	for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++) {
		uint64_t lower = hist_lower(bucket), next = hist_lower(bucket + 1);

		assert_true(lower < next);
		assert_int_equal(hist_bucket(lower), bucket);
		assert_int_equal(hist_bucket(next - 1), bucket);
		assert_int_equal(hist_bucket(lower + (next - lower) / 2), bucket);
		if (bucket)
			assert_int_equal(hist_bucket(lower - 1), bucket - 1);
	}
}

static void test_ends(void **state)
{
	(void)state;
	assert_int_equal(hist_lower(0), 0);
	assert_int_equal(hist_bucket(0), 0);
	assert_true(hist_lower(1) <= USEC);
	assert_true(hist_lower(HIST_BUCKETS - 1) >= 100 * SEC);
	assert_int_equal(hist_lower(HIST_BUCKETS), 1ULL << HIST_MAX_BITS);
	/* The last bucket is open. */
	assert_int_equal(hist_bucket(hist_lower(HIST_BUCKETS)), HIST_BUCKETS - 1);
	assert_int_equal(hist_bucket(UINT64_MAX), HIST_BUCKETS - 1);
}

/* The width is exact below 512 ns, and 1/8 of the power of two above. */
static void test_widths(void **state)
{
	(void)state;
	for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++) {
		uint64_t lower = hist_lower(bucket), width = hist_lower(bucket + 1) - lower;

		if (lower < 512)
			assert_int_equal(width, 64);
		else
			assert_int_equal(width, (1ULL << hist_log2(lower)) / 8);
	}
}

/* No value of a bucket is further from the middle than 6.25 % of itself. */
static void test_error_bound(void **state)
{
	(void)state;
	for (uint32_t bucket = hist_bucket(512); bucket < HIST_BUCKETS; bucket++) {
		uint64_t lower = hist_lower(bucket), next = hist_lower(bucket + 1);
		uint64_t middle = (lower + next) / 2;

		assert_true(16 * (middle - lower) <= lower);
		assert_true(16 * (next - 1 - middle) <= next - 1);
	}
}

/* Random values of every magnitude, and monotony between neighbours. */
static void test_random(void **state)
{
	uint64_t seed = 88172645463325252ULL; /* xorshift: the same on each run */

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		uint64_t value;
		uint32_t bucket;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		value = seed >> (seed & 63);
		bucket = hist_bucket(value);
		assert_true(bucket < HIST_BUCKETS);
		assert_true(hist_lower(bucket) <= value);
		if (bucket < HIST_BUCKETS - 1)
			assert_true(value < hist_lower(bucket + 1));
		if (value < UINT64_MAX)
			assert_in_range(hist_bucket(value + 1), bucket, bucket + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log2),	    cmocka_unit_test(test_every_bucket),
		cmocka_unit_test(test_ends),	    cmocka_unit_test(test_widths),
		cmocka_unit_test(test_error_bound), cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("hist", tests, NULL, NULL);
}
