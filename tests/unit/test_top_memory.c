// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-top's pages where memory is short: a page is whole, or there is none. */
#include "unit.h"

#include <errno.h>

#include "top_scene.h"

#ifndef __SANITIZE_ADDRESS__   /* which has an allocator of its own */
#include "../cli/fail_alloc.c" /* NOLINT(bugprone-suspicious-include): it is preloaded, too */

struct memory_case {
	const char *scene;
	const struct set *const *sets;
	const char *keys;
};

static const struct memory_case cases[] = {
	{ "cpu-host", cpu_sets, "" },
	{ "cpu-host", cpu_sets, "h" },
	{ "cpu-host", cpu_sets, "<down><down>H" },
	{ "cpu-causes", cpu_sets, "<down>b" },
	{ "numa-eight", numa_sets, "n" },
	{ "why-host", all_sets, "y" },
};

/* Of drawing, the allocation of this number fails. False: there are fewer. */
static bool draw_without(struct top *top, unsigned long number, const struct page *right)
{
	struct page page = { .text = NULL };
	bool reached;
	int error;

	atomic_store(&allocations, 0);
	failing = number;
	error = top__draw(top, &page);
	failing = 0;
	reached = atomic_load(&allocations) >= number;
	if (error) {
		assert_true(reached);
		assert_int_equal(error, -ENOMEM);
		assert_null(page.text);
	} else {
		assert_string_equal(page.text, right->text);
	}
	page__free(&page);
	return reached;
}

static void test_failed_allocations(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct top_scene scene = { .top = { .rows = 0 } };
		struct page right = { .text = NULL };
		unsigned long number = 1;
		char path[128];

		snprintf(path, sizeof(path), "tests/golden/%s.scene", cases[i].scene);
		top_scene__open(&scene, path, cases[i].sets);
		scene.top.columns = 100;
		scene.top.rows = 40;
		top_scene__type(&scene.top, cases[i].keys);
		assert_int_equal(top__draw(&scene.top, &right), 0);
		while (draw_without(&scene.top, number, &right))
			number++;
		assert_true(number > 4);
		page__free(&right);
		top_scene__close(&scene);
	}
}
#else
static void test_failed_allocations(void **state)
{
	(void)state;
	skip();
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_failed_allocations) };

	return cmocka_run_group_tests_name("top memory", tests, NULL, NULL);
}
