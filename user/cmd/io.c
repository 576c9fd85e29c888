// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-io: what does a guest wait for in I/O, layer by layer? */
#include "cli/tool.h"
#include "cmd/io_guest.h"
#include "cmd/io_report.h"
#include "cmd/tools.h"
#include "model/io_view.h"

/* Inside a guest. */
static bool report_to_host(const struct options *options, int *status)
{
	if (options->io.guest_report)
		*status = io_guest__run(options);
	return options->io.guest_report;
}

static void free_view(void *view)
{
	io_view__free(view);
}

static int init(void *report, const struct options *options, int *status)
{
	return io_report__init(report, options, status);
}

static int print(void *report, FILE *file, const void *before, const void *after)
{
	return io_report__print(report, file, before, after);
}

static void print_event(void *report, FILE *file, const void *before, const void *event)
{
	io_report__print_event(report, file, before, event);
}

static void free_report(void *report)
{
	io_report__free(report);
}

static const struct tool_ops ops = {
	.tool = &io_tool,
	.instead = report_to_host,
	.view_size = sizeof(struct io_view),
	.free_view = free_view,
	.sets = io_view_sets,
	.events = &io_sets[IO_SET_EVENTS],
	.live = &io_source,
	.report_size = sizeof(struct io_report),
	.init = init,
	.print = print,
	.print_event = print_event,
	.free = free_report,
};

int main(int argc, char **argv)
{
	return tool__run(&ops, argc, argv);
}
