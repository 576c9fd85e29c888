// SPDX-License-Identifier: GPL-2.0-only
/* Views that are kept: what comes back is what was kept, within bounds of time and bytes. */
#include "unit.h"

#include "base/units.h"
#include "model/view_sets.h"
#include "top/history.h"

#define VIEWS 100

/* A view with threads that count, come and go. */
static void fill(struct view *view, uint64_t number)
{
	size_t count = 3 + number % 4;

	view->sched.realtime_ns = number * NSEC_PER_SEC;
	view->sched.time_ns = 7 + number * NSEC_PER_SEC;
	list_clear(&view->sched.threads);
	for (size_t i = 0; i < count; i++) {
		struct thread_snapshot *thread = list_add(&view->sched.threads);

		assert_non_null(thread);
		thread->identity.id = i + number / 10;
		thread->figures.run_ns = number * (i + 1) * 123456789;
		thread->hist.count[0][(number + i) % HIST_BUCKETS] = (uint32_t)number;
	}
	list_clear(&view->sched.vms);
	for (size_t i = 0; i < number % 3; i++) {
		struct vm *vm = list_add(&view->sched.vms);

		assert_non_null(vm);
		vm->pid = (uint32_t)i + 1;
		snprintf(vm->name, sizeof(vm->name), "vm%zu-%u", i, (unsigned int)number);
	}
}

static void check_view(const struct view *view, uint64_t number)
{
	struct view wanted = { .sched = { .time_ns = 0 } };

	fill(&wanted, number);
	assert_int_equal(view->sched.realtime_ns, wanted.sched.realtime_ns);
	assert_int_equal(view->sched.threads.count, wanted.sched.threads.count);
	assert_memory_equal(view->sched.threads.list, wanted.sched.threads.list,
			    wanted.sched.threads.count * sizeof(*wanted.sched.threads.list));
	assert_int_equal(view->sched.vms.count, wanted.sched.vms.count);
	if (wanted.sched.vms.count)
		assert_memory_equal(view->sched.vms.list, wanted.sched.vms.list,
				    wanted.sched.vms.count * sizeof(*wanted.sched.vms.list));
	view__free(&wanted);
}

static void fill_history(struct history *history, size_t limit_bytes, uint64_t limit_ns)
{
	struct view views[2] = { { .sched = { .time_ns = 0 } } };

	history__init(history, cpu_sets, sizeof(struct view), limit_bytes, limit_ns);
	for (uint64_t i = 0; i < VIEWS; i++) {
		const struct view *before = i ? &views[(i - 1) % 2] : NULL;

		fill(&views[i % 2], i);
		assert_int_equal(history__add(history, before, &views[i % 2], i * NSEC_PER_SEC), 0);
	}
	view__free(&views[0]);
	view__free(&views[1]);
}

static void test_any_order(void **state)
{
	static const size_t places[] = { 0, 99, 98, 99, 50, 51, 52, 31, 32, 33, 0, 1, 64, 63 };
	struct view view = { .sched = { .time_ns = 0 } };
	struct history history;

	(void)state;
	fill_history(&history, SIZE_MAX, UINT64_MAX);
	assert_int_equal(history.views.count, VIEWS);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		assert_int_equal(history__read(&history, places[i], &view), 0);
		check_view(&view, places[i]);
	}
	view__free(&view);
	history__free(&history);
}

/* The oldest go, and what is left can still be read. */
static void check_bounded(size_t limit_bytes, uint64_t limit_ns)
{
	struct view view = { .sched = { .time_ns = 0 } };
	struct history history;
	size_t first;

	fill_history(&history, limit_bytes, limit_ns);
	first = VIEWS - history.views.count;
	assert_true(first > 0);
	assert_true(history.views.list[0].is_whole);
	assert_int_equal(history.dropped, first);
	for (size_t i = 0; i < history.views.count; i++) {
		assert_int_equal(history__read(&history, i, &view), 0);
		check_view(&view, first + i);
	}
	view__free(&view);
	history__free(&history);
}

static void test_bounds(void **state)
{
	(void)state;
	check_bounded(SIZE_MAX, 40 * NSEC_PER_SEC);
	check_bounded(20000, UINT64_MAX);
}

/* A view costs about what has changed in it, and not what it holds. */
static void test_size(void **state)
{
	struct history history;

	(void)state;
	fill_history(&history, SIZE_MAX, UINT64_MAX);
	assert_true(history.bytes / VIEWS < 1000);
	history__free(&history);
}

/* Of each set there is a count in what is kept. */
static void test_room(void **state)
{
	size_t count = 0;

	(void)state;
	while (all_sets[count])
		count++;
	assert_true(count <= HISTORY_LISTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
