// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-numa: how much of a VM's memory is remote from where its vCPUs run? */
#include "cli/tool.h"
#include "cmd/numa_report.h"
#include "cmd/tools.h"
#include "model/view_sets.h"

static const struct tool_ops ops = {
	.tool = &numa_tool,
	.sets = numa_sets,
	.events = &burst_set,
	.live = &numa_source,
	.report = &numa_report,
};

int main(int argc, char **argv)
{
	return tool__run(&ops, argc, argv);
}
