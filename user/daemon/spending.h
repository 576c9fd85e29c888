/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmqd and its hooks have spent, for the budget. */
#ifndef KVMQ_DAEMON_SPENDING_H
#define KVMQ_DAEMON_SPENDING_H

#include "daemon/budget.h"
#include "model/run_cost.h"
#include "model/view.h"
#include "source/all_source.h"

struct spending {
	uint64_t views;	       /* that were taken */
	uint64_t views_ns;     /* CPU time of this thread for views */
	uint64_t changes_ns;   /* and for attaching and detaching */
	uint64_t other_ns;     /* the rest of the process's, since */
	uint64_t own_begin_ns; /* counting began */
	struct run_meter switches, exits, block;
	/* Switches of threads that are no VM's are known when a view is read. */
	uint64_t other_switches, other_switches_ns;
	uint64_t other_run_ps; /* of one of them */
};

/* Counting begins, with the first view. */
void spending__begin(struct spending *spending, const struct view *view,
		     const struct hook_costs *costs);

/* A view was taken, which cost so much. */
void spending__take(struct spending *spending, const struct view *view, uint64_t cpu_ns);

/* What was spent up to now. */
struct budget_sample spending__sample(struct spending *spending, const struct hook_costs *costs);

#endif
