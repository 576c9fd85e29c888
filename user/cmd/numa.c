// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-numa: how much of a VM's memory is remote from where its vCPUs run? */
#include "cli/tool.h"
#include "cmd/numa_report.h"
#include "cmd/tools.h"
#include "model/view_sets.h"

TOOL_REPORT(numa_report, view__free, numa_report__print_event(report, file, event))

static const struct tool_ops ops = {
	.tool = &numa_tool,
	.view_size = sizeof(struct view),
	.sets = numa_sets,
	.events = &burst_set,
	.live = &numa_source,
	TOOL_REPORT_OPS(numa_report),
};

int main(int argc, char **argv)
{
	return tool__run(&ops, argc, argv);
}
