// SPDX-License-Identifier: GPL-2.0-only
/* Lists that grow: user/model/list.c. */
#include "unit.h"

#include <errno.h>

#include "model/list.h"

struct pair {
	int key, value;
};

static int compare(const void *left, const void *right)
{
	const struct pair *a = left, *b = right;

	return a->key < b->key ? -1 : a->key > b->key;
}

static void test_empty(void **state)
{
	LIST(struct pair) pairs = { 0 };
	LIST(struct pair) copy = { 0 };
	struct pair key = { 1, 0 };

	(void)state;
	list_sort(&pairs, compare);
	assert_null(list_find(&pairs, &key, compare));
	assert_int_equal(list_copy(&copy, &pairs), 0);
	assert_int_equal(copy.count, 0);
	list_free(&pairs);
	list_free(&copy);
}

/* What was written stays while the list grows; a new item is of zeros, also in old memory. */
static void test_growth(void **state)
{
	LIST(struct pair) pairs = { 0 };

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 1000; i++) {
			struct pair *pair = list_add(&pairs);

			assert_non_null(pair);
			assert_int_equal(pair->key, 0);
			assert_int_equal(pair->value, 0);
			*pair = (struct pair){ 1000 - i, i };
		}
		assert_int_equal(pairs.count, 1000);
		for (int i = 0; i < 1000; i++)
			assert_int_equal(pairs.list[i].value, i);
		if (!round)
			list_clear(&pairs);
	}
	list_free(&pairs);
	assert_int_equal(pairs.capacity, 0);
}

static void test_order(void **state)
{
	LIST(struct pair) pairs = { 0 };
	LIST(struct pair) copy = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		*list_add(&pairs) = (struct pair){ i * 37 % 100, i };
	assert_int_equal(list_copy(&copy, &pairs), 0);
	list_sort(&pairs, compare);
	for (int key = 0; key < 100; key++) {
		struct pair wanted = { key, 0 }, *found = list_find(&pairs, &wanted, compare);

		assert_non_null(found);
		assert_int_equal(found->value * 37 % 100, key);
		assert_int_equal(copy.list[key].value, key);
	}
	list_free(&pairs);
	list_free(&copy);
}

/* Keys in the list's order: each item once, none twice, and gaps on either side. */
static void test_next(void **state)
{
	LIST(struct pair) pairs = { 0 };
	const struct pair *found;
	struct pair key = { 1, 0 };
	size_t place = 0;

	(void)state;
	found = list_next(&pairs, &place, &key, compare);
	assert_null(found);
	for (int i = 1; i <= 3; i++)
		list_add(&pairs)->key = 10 * i;
	for (key.key = 5; key.key <= 35; key.key += 5) {
		found = list_next(&pairs, &place, &key, compare);
		if (key.key % 10)
			assert_null(found);
		else
			assert_ptr_equal(found, &pairs.list[key.key / 10 - 1]);
	}
	assert_int_equal(place, 3);
	list_free(&pairs);
}

static bool is_odd(const void *item)
{
	const struct pair *pair = item;

	return pair->key % 2;
}

/* The others stay whole and in their order, wherever those that go stand. */
static void test_drop(void **state)
{
	LIST(struct pair) pairs = { 0 };

	(void)state;
	list_drop(&pairs, is_odd);
	assert_int_equal(pairs.count, 0);
	for (int i = 1; i <= 7; i++)
		*list_add(&pairs) = (struct pair){ i, 10 * i };
	list_drop(&pairs, is_odd);
	assert_int_equal(pairs.count, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pairs.list[i].key, 2 * (i + 1));
		assert_int_equal(pairs.list[i].value, 20 * (i + 1));
	}
	list_drop(&pairs, is_odd);
	assert_int_equal(pairs.count, 3);
	list_free(&pairs);
}

/* No memory: the list is as it was. */
static void test_no_memory(void **state)
{
	LIST(struct pair) pairs = { 0 };

	(void)state;
	list_add(&pairs)->value = 7;
	assert_int_equal(list_reserve(&pairs, (size_t)-1 / 4), -ENOMEM);
	assert_int_equal(pairs.count, 1);
	assert_int_equal(pairs.list[0].value, 7);
	list_free(&pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty), cmocka_unit_test(test_growth),
		cmocka_unit_test(test_order), cmocka_unit_test(test_next),
		cmocka_unit_test(test_drop),  cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
