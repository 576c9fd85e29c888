// SPDX-License-Identifier: GPL-2.0-only
/* Figures of runs in a table: which decide, how many they are, and what is not used. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "diff/table.h"
#include "unit.h"

#define RUNS 6

/* B's are so many % above A's. */
static void put(struct figure_table *table, const char *role, const char *name,
		enum direction direction, double percent)
{
	struct figure_key key = { role, name, "ns", direction };

	for (size_t i = 0; i < RUNS; i++) {
		double value = 100 + (double)i;

		assert_int_equal(figure_table__put(table, &key, SIDE_A, i, value), 0);
		assert_int_equal(
			figure_table__put(table, &key, SIDE_B, i, value * (1 + percent / 100)), 0);
	}
	table->runs[SIDE_A] = table->runs[SIDE_B] = RUNS;
}

static const struct figure_question question = { "ready", NULL, 0.02 };

static void test_primary_decides(void **state)
{
	struct figure_table table = { .count = 0 };

	(void)state;
	put(&table, "web", "other", LESS_IS_BETTER, 50);
	put(&table, "web", "ready", LESS_IS_BETTER, -50);
	assert_int_equal(figure_table__judge(&table, &question), JUDGED_NO_WORSE);
	assert_string_equal(table.list[0].name, "ready");
	assert_int_equal(table.list[0].comparison.judgement, JUDGED_BETTER);
	assert_int_equal(table.list[1].comparison.judgement, JUDGED_WORSE);
	figure_table__free(&table);
}

/* Any role's; unless one is asked for. */
static void test_roles(void **state)
{
	const struct figure_question of_db = { "ready", "db", 0.02 };
	struct figure_table table = { .count = 0 };

	(void)state;
	put(&table, "web", "ready", LESS_IS_BETTER, 50);
	put(&table, "db", "ready", LESS_IS_BETTER, -50);
	assert_int_equal(figure_table__judge(&table, &question), JUDGED_WORSE);
	assert_true(table.list[0].is_primary && table.list[1].is_primary);
	assert_int_equal(figure_table__judge(&table, &of_db), JUDGED_NO_WORSE);
	assert_string_equal(table.list[0].role, "db");
	assert_false(table.list[1].is_primary);
	figure_table__free(&table);
}

static void test_better_side(void **state)
{
	struct figure_table table = { .count = 0 };

	(void)state;
	put(&table, "", "ready", MORE_IS_BETTER, -50);
	assert_int_equal(figure_table__judge(&table, &question), JUDGED_WORSE);
	figure_table__free(&table);
	table = (struct figure_table){ .count = 0 };
	put(&table, "", "ready", NEITHER_IS_BETTER, -50);
	assert_int_equal(figure_table__judge(&table, &question), JUDGED_UNDECIDED);
	assert_int_equal(table.list[0].comparison.judgement, JUDGED_DIFFERENT);
	figure_table__free(&table);
}

/* 2 of C(12, 6) = 924 rearrangements: by the number of others, and of those that can differ. */
static void test_corrects_for_others(void **state)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	struct figure_table table = { .count = 0 };
	struct figure_key constant = { "web", "constant", "ns", LESS_IS_BETTER };

	(void)state;
	put(&table, "web", "ready", LESS_IS_BETTER, 50);
	for (size_t i = 0; i < 4; i++)
		put(&table, "web", names[i], LESS_IS_BETTER, 50);
	for (size_t i = 0; i < RUNS; i++) {
		figure_table__put(&table, &constant, SIDE_A, i, 7);
		figure_table__put(&table, &constant, SIDE_B, i, 7);
	}
	figure_table__judge(&table, &question);
	assert_true(fabs(table.list[0].p_corrected - 2.0 / 924) < 1e-9);
	assert_true(fabs(table.list[1].p_corrected - 4 * 2.0 / 924) < 1e-9);
	assert_true(figure__is_constant(&table.list[5]));
	assert_int_equal(table.list[5].comparison.judgement, JUDGED_NO_WORSE);
	figure_table__free(&table);
}

static void test_drops_a_run(void **state)
{
	struct figure_table table = { .count = 0 };

	(void)state;
	put(&table, "web", "ready", LESS_IS_BETTER, 50);
	for (size_t i = 0; i < 3; i++)
		figure_table__drop(&table, SIDE_B, i);
	assert_int_equal(figure_table__judge(&table, &question), JUDGED_WORSE);
	assert_int_equal(table.list[0].comparison.b_count, 3);
	table.paired = true;
	assert_int_equal(figure_table__judge(&table, &question), JUDGED_UNDECIDED);
	assert_int_equal(table.list[0].comparison.a_count, 3);
	for (size_t i = 3; i < RUNS; i++)
		figure_table__drop(&table, SIDE_B, i);
	assert_int_equal(figure_table__judge(&table, &question), JUDGED_UNDECIDED);
	assert_int_equal(table.list[0].comparison.a_count, 0);
	figure_table__free(&table);
}

/* 0 in some runs: no ratio, but a difference by A's median. */
static void test_zeros(void **state)
{
	struct figure_table table = { .count = 0 };
	struct figure_key key = { "web", "ready", "%", LESS_IS_BETTER };

	(void)state;
	table.runs[SIDE_A] = table.runs[SIDE_B] = RUNS;
	for (size_t i = 0; i < RUNS; i++) {
		figure_table__put(&table, &key, SIDE_A, i, 0);
		figure_table__put(&table, &key, SIDE_B, i, 1 + (double)i);
	}
	assert_int_equal(figure_table__judge(&table, &question), JUDGED_WORSE);
	assert_false(table.list[0].comparison.is_ratio);
	assert_true(table.list[0].comparison.shift.low >= 1);
	figure_table__free(&table);
}

static void test_bounds(void **state)
{
	struct figure_table table = { .count = 0 };
	struct figure_key key = { "web", "ready", "%", LESS_IS_BETTER };

	(void)state;
	assert_int_equal(figure_table__put(&table, &key, SIDE_A, SAMPLE_MAX, 1), -E2BIG);
	assert_int_equal(figure_table__judge(&table, &question), JUDGED_UNDECIDED);
	figure_table__free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_primary_decides), cmocka_unit_test(test_roles),
		cmocka_unit_test(test_better_side),	cmocka_unit_test(test_corrects_for_others),
		cmocka_unit_test(test_drops_a_run),	cmocka_unit_test(test_zeros),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
