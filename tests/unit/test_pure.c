// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is shown of two views depends on nothing else: of each scene in tests/golden/, the same
 * again, after other pairs, and out of a recording (pure.h).
 */
#include "unit.h"

#include <glob.h>

#include "cmd/cpu_report.h"
#include "cmd/exit_report.h"
#include "cmd/io_report.h"
#include "cmd/numa_report.h"
#include "cmd/tools.h"
#include "pure.h"
#include "scene.h"

#define VIEWS 2

static const struct option_choice {
	int count;
	char *words[5];
} choices[] = {
	{ 1, { "tool" } },
	{ 3, { "tool", "--json", "--hist" } },
	{ 3, { "tool", "--by", "vm" } },
	{ 4, { "tool", "--json", "--by", "vm" } },
};

/* Of kvmq-cpu alone, and of kvmq-io. */
static const struct option_choice blame = { 3, { "tool", "--json", "--blame" } };
static const struct option_choice by_device = { 4, { "tool", "--json", "--by", "device" } };

struct shown_tool {
	const struct tool *tool;
	const struct set *const *sets;
	const struct report_ops *report;
};

static void check(const struct shown_tool *shown, const struct view *views,
		  const struct option_choice *choice)
{
	void *report = calloc(1, shown->report->size);
	char *words[6] = { NULL };
	struct options options;
	int status;

	assert_non_null(report);
	memcpy(words, choice->words, sizeof(choice->words));
	assert_int_equal(options_parse(&options, shown->tool, choice->count, words, &status), 0);
	assert_int_equal(shown->report->init(report, &options, &status), 0);
	assert_int_equal(check_pure(shown->report->print, report, shown->sets, views), 0);
	shown->report->free(report);
	free(report);
}

static void check_scene(const char *path, const struct shown_tool *shown)
{
	struct scene_form form = { shown->sets, 0, sizeof(struct view) };
	struct view views[VIEWS];
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	while (form.sets[form.set_count])
		form.set_count++;
	assert_int_equal(scene_read(&form, file, views, VIEWS), VIEWS);
	fclose(file);
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
		check(shown, views, &choices[i]);
	if (shown->tool == &cpu_tool)
		check(shown, views, &blame);
	if (shown->tool == &io_tool)
		check(shown, views, &by_device);
	for (int i = 0; i < VIEWS; i++)
		view__free(&views[i]);
}

static void check_scenes(const char *pattern, const struct shown_tool *shown, size_t least)
{
	glob_t files;

	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= least);
	for (size_t i = 0; i < files.gl_pathc; i++)
		check_scene(files.gl_pathv[i], shown);
	globfree(&files);
}

static void test_cpu(void **state)
{
	const struct shown_tool shown = { &cpu_tool, cpu_sets, &cpu_report };

	(void)state;
	check_scenes("tests/golden/cpu-*.scene", &shown, 4);
}

static void test_exit(void **state)
{
	const struct shown_tool shown = { &exit_tool, exit_sets, &exit_report };

	(void)state;
	check_scenes("tests/golden/exit-*.scene", &shown, 4);
}

static void test_numa(void **state)
{
	const struct shown_tool shown = { &numa_tool, numa_sets, &numa_report };

	(void)state;
	check_scenes("tests/golden/numa-*.scene", &shown, 9);
}

static void test_io(void **state)
{
	const struct shown_tool shown = { &io_tool, io_view_sets, &io_report };

	(void)state;
	check_scenes("tests/golden/io-*.scene", &shown, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_exit),
		cmocka_unit_test(test_numa),
		cmocka_unit_test(test_io),
	};

	return cmocka_run_group_tests_name("pure", tests, NULL, NULL);
}
