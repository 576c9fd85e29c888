// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is shown of two views depends on nothing else: of each scene in tests/golden/, the same
 * again, after other pairs, and out of a recording (pure.h).
 */
#include "unit.h"

#include <glob.h>

#include "cmd/cpu_report.h"
#include "cmd/exit_report.h"
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

/* Of kvmq-cpu alone. */
static const struct option_choice blame = { 3, { "tool", "--json", "--blame" } };

static int print_cpu(void *report, FILE *file, const struct view *before, const struct view *after)
{
	return cpu_report__print(report, file, before, after);
}

static int print_exit(void *report, FILE *file, const struct view *before, const struct view *after)
{
	return exit_report__print(report, file, before, after);
}

static int print_numa(void *report, FILE *file, const struct view *before, const struct view *after)
{
	return numa_report__print(report, file, before, after);
}

static void parse(struct options *options, const struct tool *tool,
		  const struct option_choice *choice)
{
	char *words[6] = { NULL };
	int status;

	memcpy(words, choice->words, sizeof(choice->words));
	assert_int_equal(options_parse(options, tool, choice->count, words, &status), 0);
}

static void check_cpu(const struct view *views, const struct option_choice *choice)
{
	struct options options;
	struct cpu_report report;
	int status;

	parse(&options, &cpu_tool, choice);
	assert_int_equal(cpu_report__init(&report, &options, &status), 0);
	assert_int_equal(check_pure(print_cpu, &report, cpu_sets, views), 0);
	cpu_report__free(&report);
}

static void check_exit(const struct view *views, const struct option_choice *choice)
{
	struct options options;
	struct exit_report report;
	int status;

	parse(&options, &exit_tool, choice);
	assert_int_equal(exit_report__init(&report, &options, &status), 0);
	assert_int_equal(check_pure(print_exit, &report, exit_sets, views), 0);
	exit_report__free(&report);
}

static void check_numa(const struct view *views, const struct option_choice *choice)
{
	struct options options;
	struct numa_report report;
	int status;

	parse(&options, &numa_tool, choice);
	assert_int_equal(numa_report__init(&report, &options, &status), 0);
	assert_int_equal(check_pure(print_numa, &report, numa_sets, views), 0);
	numa_report__free(&report);
}

typedef void check_views_fn(const struct view *views, const struct option_choice *choice);

static void check_scene(const char *path, const struct set *const *sets, check_views_fn *check)
{
	struct scene_form form = { sets, 0, sizeof(struct view) };
	struct view views[VIEWS];
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	while (sets[form.set_count])
		form.set_count++;
	assert_int_equal(scene_read(&form, file, views, VIEWS), VIEWS);
	fclose(file);
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
		check(views, &choices[i]);
	if (check == check_cpu)
		check(views, &blame);
	for (int i = 0; i < VIEWS; i++)
		scene_free(&form, &views[i]);
}

static void check_scenes(const char *pattern, const struct set *const *sets, check_views_fn *check,
			 size_t least)
{
	glob_t files;

	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= least);
	for (size_t i = 0; i < files.gl_pathc; i++)
		check_scene(files.gl_pathv[i], sets, check);
	globfree(&files);
}

static void test_cpu(void **state)
{
	(void)state;
	check_scenes("tests/golden/cpu-*.scene", cpu_sets, check_cpu, 4);
}

static void test_exit(void **state)
{
	(void)state;
	check_scenes("tests/golden/exit-*.scene", exit_sets, check_exit, 4);
}

static void test_numa(void **state)
{
	(void)state;
	check_scenes("tests/golden/numa-*.scene", numa_sets, check_numa, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_exit),
		cmocka_unit_test(test_numa),
	};

	return cmocka_run_group_tests_name("pure", tests, NULL, NULL);
}
