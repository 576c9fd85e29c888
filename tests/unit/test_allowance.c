// SPDX-License-Identifier: GPL-2.0-only
/* CPU time for what others ask for: user/daemon/allowance.c. */
#include "unit.h"

#include "daemon/allowance.h"

#define SEC 1000000000ULL
#define MSEC 1000000ULL
#define PER_S 2.5e6

static void test_saved_up(void **state)
{
	struct allowance allowance = { 0 };

	(void)state;
	assert_true(allowance__has(&allowance, 5 * SEC, PER_S));
	allowance__spend(&allowance, 24 * MSEC);
	assert_true(allowance__has(&allowance, 5 * SEC, PER_S));
	allowance__spend(&allowance, 11 * MSEC);
	/* 10 ms of debt take 4 s. */
	assert_false(allowance__has(&allowance, 6 * SEC, PER_S));
	assert_false(allowance__has(&allowance, 8 * SEC, PER_S));
	assert_false(allowance__has(&allowance, 9 * SEC, PER_S));
	assert_true(allowance__has(&allowance, 9 * SEC + MSEC, PER_S));
	/* Not more than for 10 s, however long nobody asks. */
	assert_true(allowance__has(&allowance, 5000 * SEC, PER_S));
	allowance__spend(&allowance, 25 * MSEC);
	assert_false(allowance__has(&allowance, 5000 * SEC, PER_S));
}

/* A flood, of requests of a ms each: in any minute no more than its share, and what was saved up.
 */
static void test_flood(void **state)
{
	struct allowance allowance = { 0 };
	uint64_t spent = 0;

	(void)state;
	for (uint64_t now = SEC; now < 61 * SEC; now += 10 * MSEC)
		if (allowance__has(&allowance, now, PER_S)) {
			allowance__spend(&allowance, MSEC);
			spent += MSEC;
		}
	assert_in_range(spent, 60 * 2.5 * MSEC, 70 * 2.5 * MSEC + MSEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_saved_up),
		cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
