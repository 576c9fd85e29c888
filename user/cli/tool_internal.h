/* SPDX-License-Identifier: GPL-2.0-only */
/* What measuring and replaying have in common. */
#ifndef KVMQ_TOOL_INTERNAL_H
#define KVMQ_TOOL_INTERNAL_H

#include "cli/tool.h"
#include "recording/info.h"

struct life {
	const struct tool_ops *ops;
	struct options options;
	void *report;
};

/* Zeros, or NULL after one line. */
void *life__new(size_t size);

/* What is recorded about the tool, without the host and the boot. */
struct recording_info life__info(const struct life *life, const char *option);

/* Shows the interval between two views and flushes it: 0, or -errno after one line. */
int life__show(struct life *life, const struct view *before, const struct view *after);

/* Measures until it is told to end: an exit status. */
int life__measure(struct life *life);

/* Shows what was recorded: an exit status. */
int life__replay(struct life *life);

#endif
