// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-io: what does a guest wait for in I/O, layer by layer? */
#include "cli/tool.h"
#include "cmd/io_guest.h"
#include "cmd/io_report.h"
#include "cmd/tools.h"
#include "model/view_sets.h"

/* Inside a guest. */
static bool report_to_host(const struct options *options, int *status)
{
	if (options->io.guest_report)
		*status = io_guest__run(options);
	return options->io.guest_report;
}

static const struct tool_ops ops = {
	.tool = &io_tool,
	.instead = report_to_host,
	.sets = io_view_sets,
	.events = &io_sets[IO_SET_EVENTS],
	.live = &io_source,
	.report = &io_report,
};

int main(int argc, char **argv)
{
	return tool__run(&ops, argc, argv);
}
