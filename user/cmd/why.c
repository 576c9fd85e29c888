// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-why: which VM is slow, because of what and whom, and what to do? */
#include "cli/tool.h"
#include "cmd/tools.h"
#include "cmd/why_incidents.h"
#include "cmd/why_report.h"
#include "cmd/why_rules.h"
#include "model/view_sets.h"
#include "source/all_source.h"

static bool print_list(const struct options *options, int *status)
{
	return why_rules__print(options, status) || why_incidents__print(options, status);
}

static const struct tool_ops ops = {
	.tool = &why_tool,
	.instead = print_list,
	.sets = all_sets,
	.live = &all_source,
	.report = &why_report,
};

int main(int argc, char **argv)
{
	return tool__run(&ops, argc, argv);
}
