// SPDX-License-Identifier: GPL-2.0-only
/* Memory that is given back at once: user/model/pool.c. */
#include "unit.h"

#include "model/pool.h"

#define COUNT 1000

/* Each its own, of zeros, where it was; and the same memory again after a reset. */
static void test_takes(void **state)
{
	struct pool pool = { 0 };
	unsigned char *taken[COUNT];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < COUNT; i++) {
			taken[i] = pool__take(&pool, i + 1);
			assert_non_null(taken[i]);
			assert_int_equal((uintptr_t)taken[i] % _Alignof(max_align_t), 0);
			for (size_t j = 0; j <= i; j++)
				assert_int_equal(taken[i][j], 0);
			memset(taken[i], (int)(i % 255) + 1, i + 1);
		}
		for (size_t i = 0; i < COUNT; i++)
			for (size_t j = 0; j <= i; j += 7)
				assert_int_equal(taken[i][j], i % 255 + 1);
		pool__reset(&pool);
	}
	assert_ptr_equal(pool__take(&pool, 1), taken[0]);
	pool__free(&pool);
}

static void test_sizes(void **state)
{
	struct pool pool = { 0 };

	(void)state;
	pool__free(&pool);
	assert_null(pool__take(&pool, POOL_BLOCK_SIZE + 1));
	assert_non_null(pool__take(&pool, POOL_BLOCK_SIZE));
	assert_non_null(pool__take(&pool, 1));
	pool__free(&pool);
	assert_non_null(pool__take(&pool, 1));
	pool__free(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_takes),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
