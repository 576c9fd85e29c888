// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is shown of two views depends on nothing else: of each scene in tests/golden/, the same
 * again, after other pairs, and out of recordings of the tool's sets and of all (pure.h).
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
#define SWAP(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) kept = (a);                                                          \
		(a) = (b);                                                                         \
		(b) = kept;                                                                        \
	} while (0)

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

static void read_scene(const char *path, const struct set *const *sets, struct view *views)
{
	const struct scene_form form = { sets, count_sets(sets), sizeof(struct view) };
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_int_equal(scene_read(&form, file, views, VIEWS), VIEWS);
	fclose(file);
}

/* What the tool does not look at: that of other scenes. */
static void add_others(const struct shown_tool *shown, struct view *views)
{
	struct view io[VIEWS], exits[VIEWS], numa[VIEWS];

	read_scene("tests/golden/io-host.scene", io_view_sets, io);
	read_scene("tests/golden/exit-host.scene", exit_sets, exits);
	read_scene("tests/golden/numa-two.scene", numa_sets, numa);
	for (int i = 0; i < VIEWS; i++) {
		if (shown->tool != &io_tool)
			SWAP(views[i].io, io[i].io);
		if (shown->tool != &exit_tool)
			SWAP(views[i].exits, exits[i].exits);
		if (shown->tool != &numa_tool)
			SWAP(views[i].numa, numa[i].numa);
		if (shown->tool == &io_tool)
			SWAP(views[i].sched.threads, exits[i].sched.threads);
		view__free(&io[i]);
		view__free(&exits[i]);
		view__free(&numa[i]);
	}
}

static void check_scene(const char *path, const struct shown_tool *shown)
{
	struct view views[VIEWS];

	read_scene(path, shown->sets, views);
	add_others(shown, views);
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
