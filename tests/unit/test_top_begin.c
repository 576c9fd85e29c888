// SPDX-License-Identifier: GPL-2.0-only
/* Over which time kvmq-top judges: ten seconds, less where these were not kept, or not all seen. */
#include "unit.h"

#include "model/view_sets.h"
#include "top/run_internal.h"

#define VIEWS 20

/* 20 views, a second apart. */
static int set_up(void **state)
{
	struct top_run *run = calloc(1, sizeof(*run));
	struct view views[2] = { { .sched = { .time_ns = 0 } } };

	assert_non_null(run);
	history__init(&run->history, cpu_sets, sizeof(struct view), 1 << 20, 600 * NSEC_PER_SEC);
	run->moments.history = &run->history;
	run->source = run;
	for (uint64_t i = 0; i < VIEWS; i++) {
		struct view *view = &views[i % 2];

		view->sched.realtime_ns = (1000 + i) * NSEC_PER_SEC;
		assert_int_equal(history__add(&run->history, i ? &views[(i - 1) % 2] : NULL, view,
					      view->sched.realtime_ns),
				 0);
	}
	*state = run;
	return 0;
}

static int tear_down(void **state)
{
	struct top_run *run = *state;

	moments__free(&run->moments);
	history__free(&run->history);
	free(run);
	return 0;
}

/* The second that the time that is judged begins with; of that of the interval alone, 0. */
static uint64_t begin_of(struct top_run *run, size_t place)
{
	const struct view before = { .sched = { .realtime_ns = 0 } };

	return run__begin(run, place, &before)->sched.realtime_ns / NSEC_PER_SEC;
}

static void test_ten_seconds(void **state)
{
	struct top_run *run = *state;

	for (size_t place = 11; place < VIEWS; place++)
		assert_int_equal(begin_of(run, place), 1000 + place - 10);
	assert_int_equal(begin_of(run, 15), 1005); /* and back again */
}

static void test_less_was_kept(void **state)
{
	struct top_run *run = *state;

	assert_int_equal(begin_of(run, 1), 0);
	assert_int_equal(begin_of(run, 2), 1000);
	assert_int_equal(begin_of(run, 10), 1000);
}

/* From view 15 on, disks were looked at, too. */
static void test_not_looked_at(void **state)
{
	struct top_run *run = *state;

	run->parts_begin = 15;
	assert_int_equal(begin_of(run, 19), 1015);
	assert_int_equal(begin_of(run, 16), 0);
	assert_int_equal(begin_of(run, 15), 1005);
}

/* Somebody set the clock: the time back is not known. */
static void test_clock_set(void **state)
{
	struct top_run *run = *state;

	for (size_t i = 0; i < 10; i++)
		run->history.views.list[i].realtime_ns = 2000 * NSEC_PER_SEC;
	assert_int_equal(begin_of(run, 12), 1010);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ten_seconds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_less_was_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_looked_at, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_clock_set, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("top begin", tests, NULL, NULL);
}
