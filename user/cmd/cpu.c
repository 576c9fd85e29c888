// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-cpu: how long was each vCPU ready but not running, and why? */
#include "cli/tool.h"
#include "cmd/cpu_report.h"
#include "cmd/tools.h"
#include "model/view_sets.h"

static const struct tool_ops ops = {
	.tool = &cpu_tool,
	.sets = cpu_sets,
	.events = &wait_set,
	.live = &cpu_source,
	.report = &cpu_report,
};

int main(int argc, char **argv)
{
	return tool__run(&ops, argc, argv);
}
