// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-exit: where does a running vCPU's time go: guest, KVM, VMM? */
#include "cli/tool.h"
#include "cmd/exit_report.h"
#include "cmd/tools.h"
#include "model/view_sets.h"

static const struct tool_ops ops = {
	.tool = &exit_tool,
	.sets = exit_sets,
	.events = &exit_event_set,
	.live = &exit_source,
	.report = &exit_report,
};

int main(int argc, char **argv)
{
	return tool__run(&ops, argc, argv);
}
