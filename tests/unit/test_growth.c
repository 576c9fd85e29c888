// SPDX-License-Identifier: GPL-2.0-only
/* Arrays in few bytes: user/model/growth.c. */
#include "unit.h"

#include <errno.h>

#include "model/growth.h"

struct item {
	uint32_t hist[100];
	uint64_t counts[3];
	uint64_t gauges[3];
	int32_t signs[4];
	bool flags[5];
};

static const struct field fields[] = {
	FIELD(struct item, hist, FIELD_U32, FIELD_COUNTER),
	FIELD(struct item, counts, FIELD_U64, FIELD_COUNTER),
	FIELD(struct item, gauges, FIELD_U64, FIELD_GAUGE),
	FIELD(struct item, signs, FIELD_I32, FIELD_GAUGE),
	FIELD(struct item, flags, FIELD_BOOL, FIELD_GAUGE),
};

static unsigned char bytes[4096];

/* Writes what lies between two items, reads it again: how many bytes it was. */
static size_t there_and_back(const struct item *was, const struct item *is)
{
	struct item got = *was;
	size_t total = 0;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		size_t size = growth__write(&fields[i], was, is, bytes);

		assert_true(size <= growth__most(&fields[i]));
		assert_int_equal(growth__read(&fields[i], &got, bytes, size), 0);
		total += size;
	}
	assert_memory_equal(got.hist, is->hist, sizeof(got.hist));
	assert_memory_equal(got.counts, is->counts, sizeof(got.counts));
	assert_memory_equal(got.gauges, is->gauges, sizeof(got.gauges));
	assert_memory_equal(got.signs, is->signs, sizeof(got.signs));
	assert_memory_equal(got.flags, is->flags, sizeof(got.flags));
	return total;
}

static void test_sizes(void **state)
{
	struct item was = { 0 }, is = { 0 };

	(void)state;
	assert_int_equal(there_and_back(&was, &is), 0);
	is.hist[6] = 31;
	assert_int_equal(there_and_back(&was, &is), 1);
	is.hist[13] = 32; /* 6 places on */
	assert_int_equal(there_and_back(&was, &is), 3);
	is.hist[21] = 1; /* 7 places on */
	assert_int_equal(there_and_back(&was, &is), 5);
	is.hist[99] = 31;
	assert_int_equal(there_and_back(&was, &is), 7);
}

static void test_extremes(void **state)
{
	struct item zeros = { 0 }, full;

	(void)state;
	memset(&full, 0xff, sizeof(full));
	memset(full.flags, true, sizeof(full.flags));
	full.signs[1] = INT32_MIN;
	full.signs[2] = INT32_MAX;
	full.counts[1] = 1;
	there_and_back(&zeros, &full);
	there_and_back(&full, &zeros); /* counters that begin anew, too */
}

/* 32 bits go round: a step over the end is a small one. */
static void test_wrap(void **state)
{
	struct item was = { .hist = { UINT32_MAX } }, is = { .hist = { 3 } };

	(void)state;
	assert_int_equal(there_and_back(&was, &is), 1);
}

/* What is alike is skipped in strides, whose end need not be the array's. */
static void test_each_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < 100; i++)
		for (size_t j = i; j < 100; j++) {
			struct item was = { 0 }, is = { 0 };

			is.hist[i] = 1;
			is.hist[j] = 2;
			there_and_back(&was, &is);
		}
}

/* Bytes by a stranger change nothing but the array, and most are refused. */
static void test_garbage(void **state)
{
	struct {
		struct item item;
		unsigned char behind[8];
	} got;
	static const unsigned char far[] = { 0xe0, 0xff, 0xff, 0xff, 0xff, 0xff,
					     0xff, 0xff, 0xff, 0xff, 0x01 };
	static const unsigned char endless[] = { 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff,
						 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	(void)state;
	memset(&got, 0, sizeof(got));
	assert_int_equal(growth__read(&fields[0], &got.item, far, sizeof(far)), -EBADMSG);
	assert_int_equal(growth__read(&fields[0], &got.item, endless, sizeof(endless)), -EBADMSG);
	for (unsigned int seed = 1; seed < 20000; seed++) {
		srand(seed);
		for (size_t i = 0; i < 64; i++)
			bytes[i] = (unsigned char)rand();
		growth__read(&fields[seed % ARRAY_SIZE(fields)], &got.item, bytes, seed % 64);
	}
	for (size_t i = 0; i < sizeof(got.behind); i++)
		assert_int_equal(got.behind[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),	cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_wrap),	cmocka_unit_test(test_each_place),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests_name("growth", tests, NULL, NULL);
}
