// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-top: all figures, live. */
#include "base/log.h"
#include "base/version.h"
#include "cli/tool.h"
#include "cmd/tools.h"
#include "cmd/top_batch.h"
#include "cmd/top_screens.h"
#include "cmd/why_rules.h"
#include "model/view_sets.h"
#include "source/all_source.h"
#include "source/socket_source.h"
#include "top/curses.h"
#include "top/run.h"

static int show(const struct options *options)
{
	struct recording_info info = { .tool = top_tool.name,
				       .of_any_tool = true,
				       .version = KVMQ_VERSION,
				       .interval_ns = options->interval_ns,
				       .sets = all_sets };
	struct options all = *options;
	struct top_input input = { &all, &info, &all_source, all_source__want };
	struct top top;
	int status = STATUS_FAILED, error;

	socket_source__stand_in(&all);
	if (all.socket) {
		input.live = &socket_source;
		input.want = NULL; /* kvmqd decides it */
	}
	all.detached = PARTS_ALL; /* until its screen is shown */
	while (info.sets[info.set_count])
		info.set_count++;
	if (!top__init(&top, top_screens, top_screen_count, top_panes)) {
		error = why_rules__settings(&top.why_settings, WHY_CONFIG, options);
		status = error ? why_rules__status(error) : top__run(&top, &input);
	}
	top__free(&top);
	return status;
}

/* Without --batch, pages on a terminal. */
static bool instead(const struct options *options, int *status)
{
	const char *why;

	if (options->kvmq_top.batch)
		return false;
	*status = STATUS_USAGE;
	if (terminal__can(&why))
		*status = show(options);
	else
		log_error("%s: 'kvmq-cpu' prints tables, and 'kvmq-top -b' prints CSV", why);
	return true;
}

static const struct tool_ops ops = {
	.tool = &top_tool,
	.instead = instead,
	.sets = all_sets,
	.of_any_tool = true,
	.live = &all_source,
	.report = &top_batch,
};

int main(int argc, char **argv)
{
	return tool__run(&ops, argc, argv);
}
