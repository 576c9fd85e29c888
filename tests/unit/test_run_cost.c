// SPDX-License-Identifier: GPL-2.0-only
/* What hooks cost, from timed runs among many: user/model/run_cost.c. */
#include "unit.h"

#include "model/run_cost.h"

static uint64_t take(struct run_meter *meter, uint64_t runs, uint64_t samples, uint64_t sample_ns,
		     uint64_t extra_ps)
{
	return run_meter__take(meter, &(struct run_cost){ runs, samples, sample_ns }, extra_ps);
}

static void test_mean(void **state)
{
	struct run_meter meter = { .ns = 0 };

	(void)state;
	assert_int_equal(take(&meter, 0, 0, 0, 0), 0);
	assert_int_equal(take(&meter, 6400, 100, 30000, 0), 6400 * 300);
	assert_int_equal(take(&meter, 6400, 100, 30000, 0), 6400 * 300);
	/* Later runs are dearer: those before stay what they were. */
	assert_int_equal(take(&meter, 12800, 200, 130000, 0), 6400 * 300 + 6400 * 1000);
}

/* Few samples say little: all of them together say more. */
static void test_few(void **state)
{
	struct run_meter meter = { .ns = 0 };

	(void)state;
	take(&meter, 6400, 100, 30000, 0);
	assert_int_equal(take(&meter, 6500, 101, 40400, 0), 6400 * 300 + 100 * 400);
	assert_int_equal(take(&meter, 6600, 101, 40400, 0), 6400 * 300 + 200 * 400);
}

static void test_extra(void **state)
{
	struct run_meter meter = { .ns = 0 };

	(void)state;
	assert_int_equal(take(&meter, 1000, 0, 0, 25500), 25500);
	assert_int_equal(take(&meter, 2000, 100, 50000, 25500), 25500 + 525500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mean),
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_extra),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
