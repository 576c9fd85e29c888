// SPDX-License-Identifier: GPL-2.0-only
/* Pairs of victim and offender: nearly all of them come in order, and some twice. */
#include "unit.h"

#include "model/snapshot.h"

#define PAIRS 500
#define ROUNDS 200

/* Few of each, so that many are equal. */
static struct blame random_pair(void)
{
	struct blame pair = { .victim = (uint64_t)(rand() % 9) << 32 | (uint32_t)(rand() % 2 + 1),
			      .offender.kind = (enum offender_kind)(rand() % OFFENDER_THROTTLED),
			      .ns = (uint64_t)(rand() % 1000) };

	if (pair.offender.kind == OFFENDER_VCPU || pair.offender.kind == OFFENDER_VM_THREAD)
		pair.offender.tid = (uint32_t)(rand() % 5 + 1);
	if (pair.offender.kind == OFFENDER_HOST)
		pair.offender.cgroup_id = (uint64_t)(rand() % 3);
	if (pair.offender.kind == OFFENDER_HOST || pair.offender.kind == OFFENDER_KERNEL)
		pair.offender.comm[0] = (char)('a' + rand() % 3);
	return pair;
}

static void add_random(struct snapshot *snapshot, size_t count)
{
	while (count-- > 0) {
		struct blame *pair = list_add(&snapshot->blame);

		assert_non_null(pair);
		*pair = random_pair();
	}
}

/* The sum over those of a list that are equal to a pair. */
static uint64_t sum_of(const struct blame *pairs, size_t count, const struct blame *pair)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += compare_blame(&pairs[i], pair) ? 0 : pairs[i].ns;
	return sum;
}

static uint64_t sum_of_all(const struct snapshot *snapshot)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < snapshot->blame.count; i++)
		sum += snapshot->blame.list[i].ns;
	return sum;
}

/* Each once, in order, with all that it had. */
static void check_sorted(struct snapshot *snapshot)
{
	size_t count = snapshot->blame.count;
	uint64_t all = sum_of_all(snapshot);
	static struct blame before[2 * PAIRS];

	assert_in_range(count, 0, ARRAY_SIZE(before));
	for (size_t i = 0; i < count; i++)
		before[i] = snapshot->blame.list[i];
	snapshot__sort_blame(snapshot);
	assert_in_range(snapshot->blame.count, 0, count);
	for (size_t i = 0; i < snapshot->blame.count; i++) {
		const struct blame *pair = &snapshot->blame.list[i];

		assert_true(!i || compare_blame(pair - 1, pair) < 0);
		assert_int_equal(pair->ns, sum_of(before, count, pair));
	}
	assert_int_equal(sum_of_all(snapshot), all);
}

static void test_empty(void **state)
{
	struct snapshot snapshot = { 0 };

	(void)state;
	check_sorted(&snapshot);
	assert_int_equal(snapshot.blame.count, 0);
}

static void test_in_no_order(void **state)
{
	struct snapshot snapshot = { 0 };

	(void)state;
	for (size_t count = 1; count < PAIRS; count += count / 4 + 1) {
		snapshot__clear(&snapshot);
		add_random(&snapshot, count);
		check_sorted(&snapshot);
	}
	snapshot__free(&snapshot);
}

/* As the probe brings them: what has not ended stands behind those in order. */
static void test_nearly_in_order(void **state)
{
	struct snapshot snapshot = { 0 };

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		snapshot__clear(&snapshot);
		add_random(&snapshot, (size_t)rand() % PAIRS);
		check_sorted(&snapshot);
		add_random(&snapshot, (size_t)rand() % 20);
		check_sorted(&snapshot);
	}
	snapshot__free(&snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_in_no_order),
		cmocka_unit_test(test_nearly_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
