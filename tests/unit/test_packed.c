// SPDX-License-Identifier: GPL-2.0-only
/* Items of a list in few bytes: user/recording/packed.h. */
#include "unit.h"

#include "recording/packed.h"

#define ITEMS 200

struct item {
	uint64_t id;
	bool is_known;
	uint64_t run_ns;
	char gap[64]; /* no field's */
	uint32_t hist[300];
	int32_t small[4];
	uint64_t nodes[64];
	char name[20];
};

static const struct field name_fields[] = {
	FIELD(struct item, id, FIELD_U64, FIELD_KEY),
	FIELD(struct item, name, FIELD_TEXT, FIELD_GAUGE),
};

static const struct field figure_fields[] = {
	FIELD(struct item, id, FIELD_U64, FIELD_KEY),
	FIELD(struct item, is_known, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct item, run_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct item, hist, FIELD_U32, FIELD_COUNTER),
	FIELD(struct item, small, FIELD_I32, FIELD_GAUGE),
	FIELD(struct item, nodes, FIELD_U64, FIELD_GAUGE),
};

static const struct set name_set = { .fields = name_fields,
				     .field_count = ARRAY_SIZE(name_fields),
				     .size = sizeof(struct item) };
static const struct set figure_set = { .fields = figure_fields,
				       .field_count = ARRAY_SIZE(figure_fields),
				       .size = sizeof(struct item) };
static const struct set *const sets[] = { &name_set, &figure_set };

/* One that is full, or nearly empty as most are. */
static struct item item_of(uint64_t id)
{
	struct item item = { .id = id, .is_known = id & 1, .run_ns = UINT64_MAX - id };

	for (uint32_t i = 0; i < ARRAY_SIZE(item.hist); i++)
		item.hist[i] = id % 50 ? (i == id) : UINT32_MAX - i;
	for (uint32_t i = 0; i < ARRAY_SIZE(item.nodes); i++)
		item.nodes[i] = id % 50 ? 0 : UINT64_MAX - i;
	for (int i = 0; i < 4; i++)
		item.small[i] = i - 2;
	snprintf(item.name, sizeof(item.name), "vm-%llu", (unsigned long long)id);
	return item;
}

static void check(const struct item *got, const struct item *wanted)
{
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		assert_true(set__equal(sets[i], got, wanted));
	for (size_t i = 0; i < sizeof(got->gap); i++)
		assert_int_equal(got->gap[i], 0);
}

static struct packing packing;

static struct packed pack_all(void)
{
	struct packed packed = { 0 };

	assert_int_equal(packing__init(&packing, sets, ARRAY_SIZE(sets)), 0);
	for (uint64_t id = 0; id < ITEMS; id++) {
		struct item item = item_of(id);

		memset(item.gap, 1, sizeof(item.gap));
		assert_int_equal(packed__add(&packed, &packing, &item), 0);
	}
	return packed;
}

static bool next(const struct packing *of, struct packed_cursor *cursor, struct item *item)
{
	if (!packed__step(cursor))
		return false;
	packed__unpack(of, cursor, item);
	return true;
}

static void test_there_and_back(void **state)
{
	struct packed packed = pack_all();
	struct packed_cursor cursor = packed__begin(&packed);
	struct item item;

	(void)state;
	for (uint64_t id = 0; id < ITEMS; id++) {
		const struct item wanted = item_of(id);

		memset(&item, 1, sizeof(item));
		assert_true(next(&packing, &cursor, &item));
		check(&item, &wanted);
	}
	assert_false(next(&packing, &cursor, &item));
	packed__free(&packed);
	cursor = packed__begin(&packed);
	assert_false(next(&packing, &cursor, &item));
	packing__free(&packing);
}

static void test_few_bytes(void **state)
{
	struct packed packed = pack_all();

	(void)state;
	/* Four of them are full: each takes about what it takes as it is. */
	assert_true(packed.size < 4 * 2 * sizeof(struct item) + ITEMS * sizeof(struct item) / 10);
	packed__free(&packed);
	packing__free(&packing);
}

/* Some as they were, one with another number beside its arrays, and what is behind it. */
static void test_again(void **state)
{
	struct packed packed = pack_all(), other = { 0 };
	struct packed_cursor cursor = packed__begin(&packed);
	struct item item;

	(void)state;
	for (uint64_t id = 0; id <= ITEMS / 2; id++)
		assert_true(next(&packing, &cursor, &item));
	item.run_ns = 7;
	assert_int_equal(packed__add_again(&other, &packing, &cursor, &item), 0);
	assert_int_equal(packed__add_rest(&other, &cursor), 0);
	assert_int_equal(packed__copy(&packed, &other), 0);
	cursor = packed__begin(&packed);
	for (uint64_t id = ITEMS / 2 - 1; id < ITEMS; id++) {
		struct item wanted = item_of(id < ITEMS / 2 ? ITEMS / 2 : id);

		if (id < ITEMS / 2)
			wanted.run_ns = 7;
		assert_true(next(&packing, &cursor, &item));
		check(&item, &wanted);
	}
	assert_false(next(&packing, &cursor, &item));
	packed__free(&packed);
	packed__free(&other);
	packing__free(&packing);
}

/* Those that are as they were, and one of which one number is another. */
static void test_equal(void **state)
{
	struct packed packed = pack_all(), other = { 0 };
	struct packed_cursor cursor = packed__begin(&packed);
	struct item item = { 0 };

	(void)state;
	for (uint64_t id = 0; id < ITEMS; id++) {
		size_t before = other.size;

		assert_true(next(&packing, &cursor, &item));
		item.run_ns ^= 1;
		assert_int_equal(packed__add_equal(&other, &packing, &cursor, &item), 0);
		assert_int_equal(other.size, before);
		item.run_ns ^= 1;
		assert_int_equal(packed__add_equal(&other, &packing, &cursor, &item), 1);
	}
	assert_int_equal(other.size, packed.size);
	assert_memory_equal(other.bytes, packed.bytes, packed.size);
	packed__free(&packed);
	packed__free(&other);
	packing__free(&packing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_few_bytes),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
