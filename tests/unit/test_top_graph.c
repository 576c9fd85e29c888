// SPDX-License-Identifier: GPL-2.0-only
/* A figure over the last intervals: what is kept of it, and how it is drawn. */
#include "unit.h"

#include "base/units.h"
#include "cmd/cpu_metrics.h"
#include "top/graph.h"
#include "top_scene.h"

static const struct line_key web = { .vm_pid = 1000 };

/* One interval of web alone; negative: n/a. */
static void add(struct series *series, long number)
{
	struct series_moment *moment = list_add(&series->moments);
	struct series_value *value;

	assert_non_null(moment);
	*moment = (struct series_moment){ .realtime_ns = series->moments.count * NSEC_PER_SEC };
	value = list_add(&moment->values);
	assert_non_null(value);
	*value = (struct series_value){ web, number >= 0, (uint64_t)(number < 0 ? 0 : number) };
}

static struct series begin(const char *metric)
{
	struct series series = { .screen = NULL };

	assert_int_equal(
		series__begin(&series, &top_screens[0], metric__find(&cpu_metrics, metric), 0), 0);
	return series;
}

static void check(const struct series *series, bool utf8, unsigned int width, unsigned int lines,
		  const char *wanted)
{
	const struct graph graph = { series, &web, "web", width, lines, utf8 };
	struct memory memory;
	char *text;

	memory_open(&memory);
	graph__print(memory.file, &graph);
	text = memory_close(&memory);
	assert_string_equal(text, wanted);
	free(text);
}

/* 0 is a mark, little one more, and n/a is none. */
static void test_marks(void **state)
{
	struct series series = begin("%RDY");
	const long numbers[] = { 0, 1, -1, 25000, 50000, 75000, 100000, -1, 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		add(&series, numbers[i]);
	check(&series, false, 80, 3,
	      "web %RDY: 0.00; 0.00 to 100.00 in 9 intervals\n"
	      "100.00      :#  \n"
	      "     0 _. :### _\n");
	check(&series, true, 80, 3,
	      "web %RDY: 0.00; 0.00 to 100.00 in 9 intervals\n"
	      "100.00      ▄█  \n"
	      "     0 _▁ ▄███ _\n");
	check(&series, true, 80, 1, "web %RDY: 0.00; 0.00 to 100.00 in 9 intervals\n");
	/* As many of the last as there is room for. */
	check(&series, false, 12, 2,
	      "web %RDY: 0.\n"
	      "100.00 ::# _\n");
	series__free(&series);
}

static void test_n_a(void **state)
{
	struct series series = begin("%RDY");

	(void)state;
	add(&series, -1);
	check(&series, false, 80, 6, "web %RDY: n/a in 1 interval\n");
	add(&series, 0);
	check(&series, false, 80, 2,
	      "web %RDY: 0.00; 0.00 to 0.00 in 2 intervals\n"
	      "0.00  _\n");
	series__free(&series);
}

/* What is kept: once each, in the order of time, and nothing of another figure. */
static void test_kept(void **state)
{
	struct top_scene scene = { .top = { .rows = 0 } };
	struct series series = begin("%RUN");
	struct value value;

	(void)state;
	top_scene__open(&scene, "tests/golden/cpu-host.scene", cpu_sets);
	for (uint64_t i = 10; i; i--) {
		scene.views[1].sched.realtime_ns = i * NSEC_PER_SEC;
		assert_false(series__has(&series, i * NSEC_PER_SEC));
		assert_int_equal(series__add(&series, &scene.views[0], &scene.views[1]), 0);
		assert_true(series__has(&series, i * NSEC_PER_SEC));
	}
	assert_int_equal(series.moments.count, 10);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(series.moments.list[i].realtime_ns, (i + 1) * NSEC_PER_SEC);
	value = series__value(&series, 3, &top__state(&scene.top)->tree.all.list[0].key);
	assert_true(value.known);
	assert_false(series__value(&series, 3, &(struct line_key){ .vm_pid = 1 }).known);
	series__keep(&series, 4 * NSEC_PER_SEC, 6 * NSEC_PER_SEC);
	assert_int_equal(series.moments.count, 3);
	assert_int_equal(series__begin(&series, series.screen, series.metric, 0), 0);
	assert_int_equal(series.moments.count, 3);
	assert_int_equal(series__begin(&series, series.screen, series.metric, 1), 0);
	assert_int_equal(series.moments.count, 0);
	series__free(&series);
	top_scene__close(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_n_a),
		cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests_name("top graph", tests, NULL, NULL);
}
