// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-exit: where does a running vCPU's time go: guest, KVM, VMM? */
#include "cli/tool.h"
#include "cmd/exit_report.h"
#include "cmd/tools.h"
#include "model/view_sets.h"

static void free_view(void *view)
{
	view__free(view);
}

static int init(void *report, const struct options *options, int *status)
{
	return exit_report__init(report, options, status);
}

static int print(void *report, FILE *file, const void *before, const void *after)
{
	return exit_report__print(report, file, before, after);
}

static void print_event(void *report, FILE *file, const void *before, const void *event)
{
	(void)before;
	exit_report__print_exit(report, file, event);
}

static void free_report(void *report)
{
	exit_report__free(report);
}

static const struct tool_ops ops = {
	.tool = &exit_tool,
	.view_size = sizeof(struct view),
	.free_view = free_view,
	.sets = exit_sets,
	.events = &exit_event_set,
	.live = &exit_source,
	.report_size = sizeof(struct exit_report),
	.init = init,
	.print = print,
	.print_event = print_event,
	.free = free_report,
};

int main(int argc, char **argv)
{
	return tool__run(&ops, argc, argv);
}
