/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands that a person may paste into a shell. What strangers wrote (names, paths) stands in
 * single quotes; where that would not show what it is, there is no command.
 */
#ifndef KVMQ_WHY_COMMAND_H
#define KVMQ_WHY_COMMAND_H

#include "why/rule.h"

#define QUOTED_SIZE 800

struct quoted {
	char text[QUOTED_SIZE];
};

/* For a shell; false: no text that may be pasted. */
bool quote(struct quoted *quoted, const char *text);

/* Sets a cgroup's weight, and how to set it back. */
void command__set_weight(struct verdict *verdict, const struct cgroup_limit *limit,
			 uint32_t weight);

/* The same of its cpu.max. */
void command__set_quota(struct verdict *verdict, const struct cgroup_limit *limit,
			uint64_t quota_ns);

/* Takes all limits of io.max from it. */
void command__free_io(struct verdict *verdict, const struct cgroup_limit *limit);

/* Allows a cgroup so many requests of each kind a second on a device. */
void command__limit_io(struct verdict *verdict, const struct cgroup_limit *limit, uint32_t dev,
		       uint64_t iops);

#endif
