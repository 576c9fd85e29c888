/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that is known of one moment, by value. What a tool does not look at is empty. Rows are made
 * of two views alone, wherever these come from. view_sets.h describes each list.
 */
#ifndef KVMQ_VIEW_H
#define KVMQ_VIEW_H

#include "model/environment.h"
#include "model/exits.h"
#include "model/host.h"
#include "model/io_view.h"
#include "model/limits.h"
#include "model/numa.h"
#include "model/share_loss.h"
#include "model/snapshot.h"
#include "model/wait_event.h"

/* Who caused an event, by the names of then, and how its time becomes the time of day. */
struct event_names {
	uint64_t boot_ns; /* time of day at which CLOCK_MONOTONIC was 0 */
	char vm[VM_SHOWN_SIZE];
	char other_vm[VM_SHOWN_SIZE]; /* of a wait: whose thread left the CPU; empty: no VM's */
};

struct named_wait {
	struct event_names names;
	struct wait_event event;
};

struct named_exit {
	struct event_names names;
	struct exit_event event;
};

struct named_burst {
	struct event_names names;
	struct numa_event event;
};

struct view {
	struct host host;
	struct environment environment;
	struct host_use use;
	LIST(struct cgroup_limit) limits; /* by VM and depth; of chosen VMs */
	struct snapshot sched;		  /* its times and own_cpu_ns are the whole view's */
	struct exit_snapshot exits;
	struct numa_snapshot numa;
	struct io_view io;
	struct share_losses shares;
	/* Since the view before, if events are recorded. */
	LIST(struct named_wait) waits;
	LIST(struct named_exit) slow_exits;
	LIST(struct named_burst) bursts;
};

/* Empties it, and frees its memory. A view of zeros is empty. */
void view__free(struct view *view);

#endif
