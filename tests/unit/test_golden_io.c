// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints what kvmq-io would print of the two views in a file (tests/unit/io_scene.h):
 *
 *   test_golden_io FILE COLUMNS [OPTION...]
 *
 * COLUMNS is the width of the terminal, 0 for a pipe; OPTIONs are kvmq-io's own.
 */
#include <time.h>

#include "cmd/io_report.h"
#include "cmd/tools.h"
#include "io_scene.h"
#include "terminal.h"

struct golden {
	struct scene scene;
	struct io_report report;
};

static int print_scene(void *context, FILE *file)
{
	struct golden *golden = context;
	const struct io_view *views = golden->scene.views;

	for (size_t i = 0; i < views[1].events.count && golden->report.options->events; i++)
		io_report__print_event(&golden->report, file, &views[1], &views[1].events.list[i]);
	return io_report__print(&golden->report, file, &views[0], &views[1]);
}

int main(int argc, char **argv)
{
	static struct golden golden;
	struct options options;
	int status, columns;

	if (argc < 3) {
		fputs("usage: test_golden_io FILE COLUMNS [OPTION...]\n", stderr);
		return 2;
	}
	setenv("TZ", "UTC", 1);
	tzset();
	columns = atoi(argv[2]);
	if (options_parse(&options, &io_tool, argc - 2, argv + 2, &status) ||
	    io_report__init(&golden.report, &options, &status))
		return status;
	read_scene(&golden.scene, argv[1]);
	status = columns ? terminal__print((uint16_t)columns, print_scene, &golden)
			 : print_scene(&golden, stdout);
	io_report__free(&golden.report);
	free_scene(&golden.scene);
	return status || fflush(stdout) ? 1 : 0;
}
