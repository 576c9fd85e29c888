// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/spending.h"

#include "base/units.h"

/* Where the kernel's BPF statistics are not allowed: twice what they show on most hosts. */
#define RUN_PS_UNKNOWN 50000

static uint64_t other_switches(const struct view *view)
{
	const struct cost *cost = &view->sched.cost;

	return cost->switches > cost->vm_switches ? cost->switches - cost->vm_switches : 0;
}

void spending__begin(struct spending *spending, const struct view *view,
		     const struct hook_costs *costs)
{
	uint64_t measured = view->sched.cost.idle_switch_ps;

	*spending = (struct spending){ .own_begin_ns = clock_process_cpu_ns(),
				       .switches.seen = costs->switches,
				       .exits.seen = costs->exits,
				       .block.seen = costs->block,
				       .other_switches = other_switches(view),
				       .other_run_ps = measured ? measured : RUN_PS_UNKNOWN };
}

void spending__take(struct spending *spending, const struct view *view, uint64_t cpu_ns)
{
	uint64_t others = other_switches(view);

	spending->views++;
	spending->views_ns += cpu_ns;
	if (others > spending->other_switches)
		spending->other_switches_ns +=
			(others - spending->other_switches) * spending->other_run_ps / 1000;
	spending->other_switches = others;
}

struct budget_sample spending__sample(struct spending *spending, const struct hook_costs *costs)
{
	uint64_t own_ns = clock_process_cpu_ns() - spending->own_begin_ns;
	uint64_t known_ns = spending->views_ns + spending->changes_ns + spending->other_ns;

	/* Two clocks, which are not read at once. */
	if (own_ns > known_ns)
		spending->other_ns += own_ns - known_ns;
	return (struct budget_sample){
		.time_ns = clock_monotonic_ns(),
		.views = spending->views,
		.views_ns = spending->views_ns,
		.changes_ns = spending->changes_ns,
		.other_ns = spending->other_ns,
		/* A sample begins where the path of other tasks ends. */
		.switches_ns = spending->other_switches_ns +
			       run_meter__take(&spending->switches, &costs->switches,
					       spending->other_run_ps),
		.exits_ns = run_meter__take(&spending->exits, &costs->exits, 0),
		.block_ns = run_meter__take(&spending->block, &costs->block, 0),
	};
}
