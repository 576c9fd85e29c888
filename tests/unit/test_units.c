// SPDX-License-Identifier: GPL-2.0-only
/* Numbers from text and to text: user/base/units.c. */
#include "unit.h"

#include <errno.h>

#include "base/units.h"

#define UNTOUCHED 4711

struct number_case {
	const char *text;
	uint64_t min, max;
	int result;
	uint64_t value;
};

static void test_parse_number(void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, 10, 0, 0 },
		{ "10", 0, 10, 0, 10 },
		{ "007", 0, 10, 0, 7 },
		{ "18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", 0, UINT64_MAX, -ERANGE, 0 },
		{ "18446744073709551620", 0, UINT64_MAX, -ERANGE, 0 },
		{ "99999999999999999999999", 0, UINT64_MAX, -ERANGE, 0 },
		{ "11", 0, 10, -ERANGE, 0 },
		{ "0", 1, 10, -ERANGE, 0 },
		{ "", 0, 10, -EINVAL, 0 },
		{ "5abc", 0, 10, -EINVAL, 0 },
		{ "abc", 0, 10, -EINVAL, 0 },
		{ "-1", 0, UINT64_MAX, -EINVAL, 0 },
		{ "+1", 0, 10, -EINVAL, 0 },
		{ " 5", 0, 10, -EINVAL, 0 },
		{ "5 ", 0, 10, -EINVAL, 0 },
		{ "5\n", 0, 10, -EINVAL, 0 },
		{ "1e3", 0, UINT64_MAX, -EINVAL, 0 },
		{ "0x10", 0, 100, -EINVAL, 0 },
		{ "5.", 0, 10, -EINVAL, 0 },
		{ "5.0", 0, 10, -EINVAL, 0 },
		{ ".5", 0, 10, -EINVAL, 0 },
		{ "1,5", 0, 10, -EINVAL, 0 },
		{ "nan", 0, 10, -EINVAL, 0 },
		{ "inf", 0, 10, -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct number_case *c = &cases[i];
		uint64_t value = UNTOUCHED;
		int result = parse_number(c->text, c->min, c->max, &value);

		if (result != c->result || value != (result ? UNTOUCHED : c->value))
			fail_msg("'%s': result %d, value %llu", c->text, result,
				 (unsigned long long)value);
	}
}

static void test_parse_fixed(void **state)
{
	static const struct number_case cases[] = {
		{ "1", 0, UINT64_MAX, 0, NSEC_PER_SEC },
		{ "0.5", 0, UINT64_MAX, 0, 500000000 },
		{ "0.05", 0, UINT64_MAX, 0, 50000000 },
		{ "1.000000001", 0, UINT64_MAX, 0, 1000000001 },
		{ "2.250", 0, UINT64_MAX, 0, 2250000000 },
		{ "0.01", 10000000, UINT64_MAX, 0, 10000000 },
		{ "0.009999999", 10000000, UINT64_MAX, -ERANGE, 0 },
		{ "86400", 0, 86400 * NSEC_PER_SEC, 0, 86400 * NSEC_PER_SEC },
		{ "86400.000000001", 0, 86400 * NSEC_PER_SEC, -ERANGE, 0 },
		{ "18446744073.709551615", 0, UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073.709551616", 0, UINT64_MAX, -ERANGE, 0 },
		{ "18446744074", 0, UINT64_MAX, -ERANGE, 0 },
		{ "18446744073709551615", 0, UINT64_MAX, -ERANGE, 0 },
		{ "0.0000000001", 0, UINT64_MAX, -EINVAL, 0 }, /* finer than 1 ns */
		{ "1.0000000000", 0, UINT64_MAX, -EINVAL, 0 },
		{ "0.", 0, UINT64_MAX, -EINVAL, 0 },
		{ ".5", 0, UINT64_MAX, -EINVAL, 0 },
		{ "0.5s", 0, UINT64_MAX, -EINVAL, 0 },
		{ "0.5.5", 0, UINT64_MAX, -EINVAL, 0 },
		{ "0.-5", 0, UINT64_MAX, -EINVAL, 0 },
		{ "0. 5", 0, UINT64_MAX, -EINVAL, 0 },
		{ "1e-3", 0, UINT64_MAX, -EINVAL, 0 },
		{ "0,5", 0, UINT64_MAX, -EINVAL, 0 },
		{ "-0.5", 0, UINT64_MAX, -EINVAL, 0 },
		{ "", 0, UINT64_MAX, -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct number_case *c = &cases[i];
		uint64_t value = UNTOUCHED;
		int result = parse_fixed(c->text, NSEC_PER_SEC, c->min, c->max, &value);

		if (result != c->result || value != (result ? UNTOUCHED : c->value))
			fail_msg("'%s': result %d, value %llu", c->text, result,
				 (unsigned long long)value);
	}
}

static void test_format_fixed(void **state)
{
	static const struct {
		uint64_t value;
		unsigned int decimals;
		const char *text;
	} cases[] = {
		{ 0, 0, "0" },
		{ 0, 2, "0.00" },
		{ 7, 0, "7" },
		{ 7, 1, "0.7" },
		{ 7, 2, "0.07" },
		{ 99, 2, "0.99" },
		{ 100, 2, "1.00" },
		{ 1234, 2, "12.34" },
		{ 1234567, 1, "123456.7" },
		{ UINT64_MAX, 0, "18446744073709551615" },
		{ UINT64_MAX, 3, "18446744073709551.615" },
	};
	char text[24];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t length = format_fixed(text, cases[i].value, cases[i].decimals);

		assert_string_equal(text, cases[i].text);
		assert_int_equal(length, strlen(cases[i].text));
	}
}

static void test_format_time(void **state)
{
	char text[32];

	(void)state;
	format_time(text, sizeof(text), 0);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
	format_time(text, sizeof(text), 1700000000ULL * NSEC_PER_SEC + 7 * NSEC_PER_MSEC + 999999);
	assert_string_equal(text, "2023-11-14T22:13:20.007Z");
	format_time(text, sizeof(text), 951782400ULL * NSEC_PER_SEC - 1);
	assert_string_equal(text, "2000-02-28T23:59:59.999Z");
}

static void test_clock(void **state)
{
	uint64_t before = clock_monotonic_ns();

	(void)state;
	usleep(2000);
	assert_true(clock_monotonic_ns() - before >= 2 * NSEC_PER_MSEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_number), cmocka_unit_test(test_parse_fixed),
		cmocka_unit_test(test_format_fixed), cmocka_unit_test(test_format_time),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
