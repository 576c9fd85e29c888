/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sets of a view; those of I/O are in io_sets.h. What does not change has a set of its own
 * beside the figures of the same list, so that it is recorded once.
 */
#ifndef KVMQ_VIEW_SETS_H
#define KVMQ_VIEW_SETS_H

#include "model/io_sets.h"
#include "model/set.h"
#include "model/view.h"

/* What each tool fills in, then NULL; the first is "moments". */
extern const struct set *const cpu_sets[];
extern const struct set *const exit_sets[];
extern const struct set *const numa_sets[];
extern const struct set *const io_view_sets[];

/* Of a whole view: a recording of these suits each tool. */
extern const struct set *const all_sets[];

/* Of what all have. */
extern const struct set moment_set, host_set, share_loss_set;

/* Of kvmq-io: of a moment, the first fields of moment_set. */
extern const struct set io_moment_set;

/* Of those that look at threads. */
extern const struct set loss_set, vm_set, vm_exited_set;
extern const struct set thread_name_set, thread_set;

/* Of kvmq-cpu. */
extern const struct set overlap_set, blame_set, wait_set;

/* Of what is asked of several probes at once. */
extern const struct set host_use_set, limit_set;

/* Of kvmq-exit. */
extern const struct set exit_state_set, exit_cost_set, exit_thread_set, reason_set;
extern const struct set exit_event_set;

/* Of kvmq-numa. */
extern const struct set numa_state_set, numa_cost_set, node_set, numa_thread_set, numa_vm_set;
extern const struct set residency_set, burst_set;

/* NOLINTBEGIN(bugprone-macro-parentheses): a member is no expression */

/* A set of a list of the view, and one of members of the view itself. */
#define SET_OF_LIST(table, member, fields_of, keys, ...)                                           \
	{                                                                                          \
		.name = table, .fields = fields_of,                                                \
		.field_count = sizeof(fields_of) / sizeof(fields_of[0]), .key_count = keys,        \
		.size = sizeof(*((struct view *)0)->member.list),                                  \
		.list = offsetof(struct view, member), __VA_ARGS__                                 \
	}
#define SET_OF_VIEW(table, fields_of)                                                              \
	{                                                                                          \
		.name = table, .fields = fields_of,                                                \
		.field_count = sizeof(fields_of) / sizeof(fields_of[0]),                           \
		.size = sizeof(struct view)                                                        \
	}

/* NOLINTEND(bugprone-macro-parentheses) */

#endif
