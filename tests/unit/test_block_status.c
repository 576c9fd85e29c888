// SPDX-License-Identifier: GPL-2.0-only
/* The block layer's status as an error that has a name. */
#include "unit.h"

#include <errno.h>

#include "probe/block_internal.h"

static void test_errors(void **state)
{
	(void)state;
	assert_int_equal(block_status_error(0), 0);
	assert_int_equal(block_status_error(1), -EOPNOTSUPP);
	assert_int_equal(block_status_error(3), -ENOSPC);
	assert_int_equal(block_status_error(7), -ENODATA); /* the medium */
	assert_int_equal(block_status_error(9), -ENOMEM);
	assert_int_equal(block_status_error(10), -EIO);
	/* Those after it differ between kernels. */
	assert_int_equal(block_status_error(11), -EIO);
	assert_int_equal(block_status_error(255), -EIO);
	assert_int_equal(block_status_error(UINT32_MAX), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_errors) };

	return cmocka_run_group_tests_name("block_status", tests, NULL, NULL);
}
