// SPDX-License-Identifier: GPL-2.0-only
/* Items that a table of fields describes: user/model/set.c. */
#include "unit.h"

#include "model/set.h"

struct item {
	uint32_t vm;
	int32_t node;
	char name[8];
	uint64_t run_ns[2];
	uint32_t buckets[3];
	uint64_t longest_ns;
	bool known;
};

static const struct field fields[] = {
	FIELD(struct item, vm, FIELD_U32, FIELD_KEY),
	FIELD(struct item, node, FIELD_I32, FIELD_KEY),
	FIELD(struct item, name, FIELD_TEXT, FIELD_KEY),
	FIELD(struct item, run_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct item, buckets, FIELD_U32, FIELD_COUNTER),
	FIELD_AS("max_ns", struct item, longest_ns, FIELD_U64, FIELD_MAXIMUM),
	FIELD(struct item, known, FIELD_BOOL, FIELD_GAUGE),
};

static const struct set set = {
	.name = "items",
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.key_count = 3,
	.size = sizeof(struct item),
};

static void test_table(void **state)
{
	(void)state;
	assert_int_equal(fields[2].count, 8);
	assert_int_equal(fields[3].count, 2);
	assert_int_equal(fields[4].count, 3);
	assert_string_equal(fields[5].name, "max_ns");
	assert_int_equal(fields[5].offset, offsetof(struct item, longest_ns));
}

/* By the first key that differs; a negative number is less than 0. */
static void test_order(void **state)
{
	LIST(struct item) items = { 0 };
	static const struct item ordered[] = {
		{ .vm = 1, .node = -1, .name = "b" },
		{ .vm = 1, .node = 0, .name = "a" },
		{ .vm = 1, .node = 0, .name = "b" },
		{ .vm = 2, .node = -2, .name = "" },
	};
	struct item absent = { .vm = 1, .node = 0, .name = "c" };

	(void)state;
	for (size_t i = ARRAY_SIZE(ordered); i--;)
		*list_add(&items) = ordered[i];
	set__sort(&set, &items.all);
	for (size_t i = 0; i < ARRAY_SIZE(ordered); i++) {
		assert_memory_equal(&items.list[i], &ordered[i], sizeof(absent));
		assert_ptr_equal(set__find(&set, &items.all, &ordered[i]), &items.list[i]);
	}
	assert_null(set__find(&set, &items.all, &absent));
	list_free(&items);
	assert_null(set__find(&set, &items.all, &absent));
}

/* All of one first key, and of two. */
static void test_part(void **state)
{
	static const struct item ordered[] = {
		{ .vm = 1, .node = -1, .name = "b" }, { .vm = 2, .node = 0, .name = "a" },
		{ .vm = 2, .node = 0, .name = "b" },  { .vm = 2, .node = 1, .name = "a" },
		{ .vm = 4, .node = 0, .name = "a" },
	};
	struct item key = { .vm = 2 };
	LIST(struct item) items = { 0 };
	size_t count;

	(void)state;
	assert_null(set__find_part(&set, 1, &items.all, &key, &count));
	assert_int_equal(count, 0);
	for (size_t i = 0; i < ARRAY_SIZE(ordered); i++)
		*list_add(&items) = ordered[i];
	assert_ptr_equal(set__find_part(&set, 1, &items.all, &key, &count), &items.list[1]);
	assert_int_equal(count, 3);
	assert_ptr_equal(set__find_part(&set, 2, &items.all, &key, &count), &items.list[1]);
	assert_int_equal(count, 2);
	key.vm = 4;
	assert_ptr_equal(set__find_part(&set, 1, &items.all, &key, &count), &items.list[4]);
	assert_int_equal(count, 1);
	for (key.vm = 0; key.vm <= 5; key.vm += key.vm == 0 ? 3 : 2)
		assert_null(set__find_part(&set, 1, &items.all, &key, &count));
	list_free(&items);
}

static void test_difference(void **state)
{
	struct item before = { .run_ns = { 10, 20 }, .buckets = { 5, UINT32_MAX, 0 } };
	struct item after = { .vm = 3,
			      .run_ns = { 15, 19 },
			      .buckets = { 5, 1, 7 },
			      .longest_ns = 9,
			      .known = true };
	struct item result;

	(void)state;
	before.longest_ns = 8;
	set__subtract(&set, &result, &before, &after);
	assert_int_equal(result.run_ns[0], 5);
	assert_int_equal(result.run_ns[1], 0); /* it went down: never negative */
	assert_int_equal(result.buckets[0], 0);
	assert_int_equal(result.buckets[1], 2); /* it wraps */
	assert_int_equal(result.buckets[2], 7);
	assert_int_equal(result.longest_ns, 9);
	assert_int_equal(result.vm, 3);
	assert_true(result.known);
	set__subtract(&set, &after, NULL, &after);
	assert_int_equal(after.run_ns[1], 19);
}

static void test_sum(void **state)
{
	struct item sum = { .vm = 1, .run_ns = { 1, 2 }, .buckets = { 1 }, .longest_ns = 5 };
	struct item more = { .vm = 2, .run_ns = { 3, 4 }, .buckets = { 2, 3 }, .known = true };

	(void)state;
	more.longest_ns = 4;
	set__add(&set, &sum, &more);
	assert_int_equal(sum.vm, 1);
	assert_int_equal(sum.run_ns[0], 4);
	assert_int_equal(sum.run_ns[1], 6);
	assert_int_equal(sum.buckets[0], 3);
	assert_int_equal(sum.buckets[1], 3);
	assert_int_equal(sum.longest_ns, 5);
	assert_false(sum.known);
	more.longest_ns = 6;
	set__add(&set, &sum, &more);
	assert_int_equal(sum.longest_ns, 6);
}

/* What is behind a text's end, or between members, makes no difference. */
static void test_equal(void **state)
{
	struct item a, b;

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0xff, sizeof(b));
	memcpy(b.name, "x\0yz", 5);
	memcpy(a.name, "x", 2);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		for (uint32_t j = 0; j < fields[i].count; j++)
			field__put(&fields[i], &b, j, field__get(&fields[i], &a, j));
	assert_true(set__equal(&set, &a, &b));
	b.buckets[2]++;
	assert_false(set__equal(&set, &a, &b));
}

static void test_numbers(void **state)
{
	struct item item = { .node = -7 };

	(void)state;
	assert_int_equal((int64_t)field__get(&fields[1], &item, 0), -7);
	field__put(&fields[1], &item, 0, (uint64_t)-9);
	assert_int_equal(item.node, -9);
	field__put(&fields[6], &item, 0, 1);
	assert_int_equal(field__get(&fields[6], &item, 0), 1);
	assert_int_equal(field__get(&fields[2], &item, 0), 0);
}

/* Of codes, none that is no index; of nodes and the like also -1, which is none. */
static void test_codes(void **state)
{
	static const struct field code =
		FIELD_CODE("code", struct item, vm, FIELD_U32, FIELD_GAUGE, 3);
	static const struct field node =
		FIELD_CODE("node", struct item, node, FIELD_I32, FIELD_GAUGE, 3);

	(void)state;
	assert_true(field__allows(&code, 0));
	assert_true(field__allows(&code, 2));
	assert_false(field__allows(&code, 3));
	assert_false(field__allows(&code, -1));
	assert_true(field__allows(&node, -1));
	assert_true(field__allows(&node, 2));
	assert_false(field__allows(&node, 3));
	assert_false(field__allows(&node, -2));
	assert_true(field__allows(&fields[0], -5)); /* any number */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	cmocka_unit_test(test_order),
		cmocka_unit_test(test_part),	cmocka_unit_test(test_difference),
		cmocka_unit_test(test_sum),	cmocka_unit_test(test_equal),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_codes),
	};

	return cmocka_run_group_tests_name("set", tests, NULL, NULL);
}
