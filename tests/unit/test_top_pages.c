// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvmq-top's pages of the scenes in tests/golden/, against NAME.page there. With UPDATE set, these
 * are written (make golden).
 */
#include "unit.h"

#include "base/log.h"
#include "top_scene.h"

struct page_case {
	const char *name;  /* of what comes out */
	const char *scene; /* TOOL-NAME */
	unsigned int columns, rows;
	const char *keys;
};

static const struct page_case cases[] = {
	{ "top-cpu", "cpu-host", 80, 24, "" },
	{ "top-cpu-40", "cpu-host", 40, 10, "" },
	{ "top-cpu-300", "cpu-host", 300, 80, "" },
	{ "top-cpu-tiny", "cpu-host", 8, 3, "" },
	{ "top-tour", "why-tour", 100, 16, "b" },
	{ "top-open", "cpu-host", 80, 24, "<down><down><enter>" },
	{ "top-threads", "cpu-host", 80, 24, "<down><down><enter><enter>" },
	{ "top-closed", "cpu-host", 80, 24, "<down><down><enter><enter><enter>" },
	{ "top-blame", "cpu-causes", 80, 24, "<down>b" },
	{ "top-hist", "cpu-host", 80, 24, "<down><down>H" },
	{ "top-hist-vcpu", "cpu-host", 80, 24, "<down><down><enter><down>H" },
	{ "top-graph", "cpu-host", 80, 24, "<down><down><enter><down>t" },
	{ "top-graph-exit", "exit-host", 80, 24, "xt" },
	{ "top-graph-io", "io-host", 80, 24, "d<down>t" },
	{ "top-graph-n-a", "numa-reasons", 80, 24, "nt" },
	{ "top-graph-text", "cpu-host", 80, 24, "ovm<enter>t" },
	{ "top-graph-why", "why-host", 80, 24, "yt" },
	{ "top-no-blame", "cpu-host", 80, 24, "b" },
	{ "top-no-waits", "why-quiet", 80, 24, "r<home>b" },
	{ "top-timeline", "cpu-host", 80, 24, "T" },
	{ "top-filter", "cpu-host", 80, 24, "/WEB<enter>" },
	{ "top-filter-none", "cpu-host", 80, 24, "/nobody<enter>" },
	{ "top-filtering", "cpu-host", 80, 24, "/wex<erase>" },
	{ "top-busy", "cpu-causes", 80, 24, "i" },
	{ "top-sort", "cpu-host", 80, 24, "o%run<enter>" },
	{ "top-sort-right", "cpu-host", 80, 24, ">>" },
	{ "top-reverse", "cpu-host", 80, 24, "r" },
	{ "top-no-sort", "cpu-host", 80, 24, "onosuch<enter>" },
	{ "top-columns", "cpu-host", 80, 24, "fVM,PID,%WAKE,%PRE<enter>" },
	{ "top-no-columns", "cpu-host", 80, 24, "fVM,NOSUCH<enter>" },
	{ "top-strange", "cpu-strange", 80, 24, "<enter>" },
	{ "top-empty", "cpu-empty", 80, 24, "" },
	{ "top-help", "cpu-host", 80, 24, "h" },
	{ "top-help-end", "cpu-host", 80, 24, "h<pgdn><pgdn><pgdn>" },
	{ "top-no-key", "cpu-host", 80, 24, "Z" },
	{ "top-exit-missing", "cpu-host", 80, 24, "x" },
	{ "top-exit", "exit-host", 80, 24, "x<down><enter>" },
	{ "top-numa", "numa-two", 80, 24, "n<down><enter>" },
	{ "top-numa-4", "numa-four", 120, 24, "n" },
	{ "top-numa-8", "numa-eight", 80, 24, "n" },
	{ "top-numa-8-high", "numa-eight", 100, 40, "n" },
	{ "top-numa-pane", "numa-two", 80, 24, "nH" },
	{ "top-numa-1", "numa-one", 80, 24, "n" },
	{ "top-numa-n-a", "numa-reasons", 80, 24, "n" },
	{ "top-numa-filter", "numa-two", 80, 24, "n/nobody<enter>" },
	{ "top-io", "io-host", 80, 24, "d<down><enter>" },
	{ "top-io-layers", "io-layers", 80, 24, "dH" },
	{ "top-io-strange", "io-strange", 80, 24, "d" },
	{ "top-why", "why-host", 80, 24, "y" },
	{ "top-why-40", "why-host", 40, 16, "y<down><down>" },
	{ "top-why-last", "why-host", 100, 40, "y<pgdn>" },
	{ "top-why-busy", "why-host", 80, 30, "yi/FAR<enter>" },
	{ "top-why-hist", "why-host", 80, 24, "yH" },
	{ "top-why-quiet", "why-quiet", 80, 24, "y" },
	{ "top-why-cpu", "cpu-causes", 80, 24, "y" },
};

static const struct set *const *sets_of(const char *scene)
{
	return !strncmp(scene, "cpu", 3)    ? cpu_sets
	       : !strncmp(scene, "exit", 4) ? exit_sets
	       : !strncmp(scene, "numa", 4) ? numa_sets
	       : !strncmp(scene, "why", 3)  ? all_sets
					    : io_view_sets;
}

/* Of a file that is not there, "". free() it. */
static char *read_file(const char *path)
{
	char *text = calloc(1, 65536);
	FILE *file = fopen(path, "re");

	assert_non_null(text);
	if (file) {
		assert_true(fread(text, 1, 65535, file) < 65535);
		fclose(file);
	}
	return text;
}

static void check_page(const char *name, const char *page)
{
	char path[128], *wanted;
	FILE *file;

	snprintf(path, sizeof(path), "tests/golden/%s.page", name);
	if (getenv("UPDATE")) {
		file = fopen(path, "we");
		assert_non_null(file);
		fputs(page, file);
		fclose(file);
	}
	wanted = read_file(path);
	if (strcmp(page, wanted) != 0)
		fail_msg("%s: other page:\n%s", path, page);
	free(wanted);
}

static void check_case(const struct page_case *wanted, bool is_recording)
{
	struct top_scene scene = { .top = { .rows = 0 } };
	char path[128], *page;

	snprintf(path, sizeof(path), "tests/golden/%s.scene", wanted->scene);
	top_scene__open(&scene, path, sets_of(wanted->scene));
	scene.top.columns = wanted->columns;
	scene.top.rows = wanted->rows;
	scene.top.time.is_recording = is_recording;
	log_keep_errors(true);
	top_scene__type(&scene.top, wanted->keys);
	page = top_scene__page(&scene.top);
	check_page(wanted->name, page);
	/* Drawn again, it is the same. */
	free(page);
	page = top_scene__page(&scene.top);
	check_page(wanted->name, page);
	free(page);
	top_scene__close(&scene);
}

static void test_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_case(&cases[i], false);
}

static void test_recording(void **state)
{
	static const struct page_case recorded = { "top-no-blame-recorded", "cpu-host", 80, 24,
						   "b" };

	(void)state;
	check_case(&recorded, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_pages),
					    cmocka_unit_test(test_recording) };

	return cmocka_run_group_tests_name("top pages", tests, NULL, NULL);
}
