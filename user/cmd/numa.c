// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-numa: how much of a VM's memory is remote from where its vCPUs run? */
#include "cli/tool.h"
#include "cmd/numa_report.h"
#include "cmd/tools.h"
#include "model/view_sets.h"

static void free_view(void *view)
{
	view__free(view);
}

static int init(void *report, const struct options *options, int *status)
{
	return numa_report__init(report, options, status);
}

static int print(void *report, FILE *file, const void *before, const void *after)
{
	return numa_report__print(report, file, before, after);
}

static void print_event(void *report, FILE *file, const void *before, const void *event)
{
	(void)before;
	numa_report__print_event(report, file, event);
}

static void free_report(void *report)
{
	numa_report__free(report);
}

static const struct tool_ops ops = {
	.tool = &numa_tool,
	.view_size = sizeof(struct view),
	.free_view = free_view,
	.sets = numa_sets,
	.events = &burst_set,
	.live = &numa_source,
	.report_size = sizeof(struct numa_report),
	.init = init,
	.print = print,
	.print_event = print_event,
	.free = free_report,
};

int main(int argc, char **argv)
{
	return tool__run(&ops, argc, argv);
}
