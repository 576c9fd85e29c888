// SPDX-License-Identifier: GPL-2.0-only
#include "cli/tool_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/allocation.h"
#include "base/log.h"
#include "base/privileges.h"
#include "base/text.h"
#include "base/version.h"
#include "source/socket_source.h"

void *life__new(size_t size)
{
	void *data = calloc(1, size);

	if (!data)
		log_error("memory: no room for %zu bytes: end other programs", size);
	return data;
}

struct recording_info life__info(const struct life *life, const char *option)
{
	const struct tool_ops *ops = life->ops;
	struct recording_info info = { .option = option,
				       .tool = ops->tool->name,
				       .of_any_tool = ops->of_any_tool,
				       .version = KVMQ_VERSION,
				       .interval_ns = life->options.interval_ns,
				       .sets = ops->sets };

	while (ops->sets[info.set_count])
		info.set_count++;
	return info;
}

int life__show(struct life *life, const struct view *before, const struct view *after)
{
	int error, unwritten;

	errno = 0;
	error = life->ops->report->print(life->report, stdout, before, after);
	if (!error && text_missed())
		error = -ENOMEM;
	unwritten = flush_output();
	if (unwritten)
		return unwritten;
	if (error)
		log_error("printing: %s: show fewer VMs", strerror(-error));
	return error;
}

int tool__run(const struct tool_ops *ops, int argc, char **argv)
{
	struct life life = { .ops = ops };
	int status;

	allocation__map_large();
	if (options_parse(&life.options, ops->tool, argc, argv, &status) ||
	    (ops->instead && ops->instead(&life.options, &status)))
		return status;
	life.report = life__new(ops->report->size);
	if (!life.report)
		return STATUS_FAILED;
	if (!ops->report->init(life.report, &life.options, &status)) {
		socket_source__stand_in(&life.options);
		status = life.options.from ? life__replay(&life) : life__measure(&life);
	}
	ops->report->free(life.report);
	free(life.report);
	privileges_tell_refused();
	return status;
}
