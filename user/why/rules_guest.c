// SPDX-License-Identifier: GPL-2.0-only
/* It is not the host: heard only where nothing else was found. */
#include <stdio.h>

#include "why/rule.h"

enum { BUSY, WAIT, OTHERS = WAIT };

#define BUSY_LIMIT                                                                                 \
	{                                                                                          \
		"look", 90, WHY_PERCENT, "kvmq: the rest is too little to be worth a search"       \
	}

static void add_use(const struct why_vm *vm, struct verdict *verdict)
{
	verdict__add(verdict, WHY_TABLE_CPU, "run_pct", vm->row);
	verdict__add(verdict, WHY_TABLE_CPU, "ready_pct", vm->row);
	verdict__add(verdict, WHY_TABLE_CPU, "halt_pct", vm->row);
}

static enum why_level judge_saturated(const struct why_vm *vm, const uint64_t *limits,
				      struct verdict *verdict)
{
	uint64_t run = row__run_mpct(vm->row);

	if (run < limits[BUSY] || vm->wait_mpct >= limits[WAIT])
		return WHY_NONE;
	verdict->severity = run;
	add_use(vm, verdict);
	say(verdict->draft->summary,
	    "is not held up by the host: its vCPUs run %s of the time and hardly wait",
	    why_number(run, WHY_PERCENT).text);
	say(verdict->draft->remedy, "look inside for what uses the CPU, or give it more vCPUs");
	return WHY_LOOK;
}

static enum why_level judge_single(const struct why_vm *vm, const uint64_t *limits,
				   struct verdict *verdict)
{
	const struct row *busy = NULL;
	uint64_t ns = 0, elapsed = 0, others;

	for (size_t i = 0; i < vm->vcpu_count; i++) {
		const struct row *row = &vm->vcpus[i];

		if (!busy || row__run_mpct(row) > row__run_mpct(busy))
			busy = row;
		ns += row->interval.run_ns;
		elapsed += row->interval.elapsed_ns;
	}
	if (vm->vcpu_count < 2 || row__run_mpct(busy) < limits[BUSY])
		return WHY_NONE;
	others = share_mpct(ns - busy->interval.run_ns, elapsed - busy->interval.elapsed_ns);
	if (others > limits[OTHERS])
		return WHY_NONE;
	verdict->severity = row__run_mpct(busy);
	add_use(vm, verdict);
	verdict__add(verdict, WHY_TABLE_CPU, "run_pct", busy);
	say(verdict->draft->summary,
	    "is not held up by the host: vCPU %d runs %s of the time, the others %s",
	    busy->identity.vcpu, why_number(row__run_mpct(busy), WHY_PERCENT).text,
	    why_number(others, WHY_PERCENT).text);
	say(verdict->draft->remedy,
	    "look inside for one busy thread, or for what is pinned to that CPU: "
	    "more vCPUs do not help");
	return WHY_LOOK;
}

static enum why_level judge_nothing(const struct why_vm *vm, const uint64_t *limits,
				    struct verdict *verdict)
{
	(void)limits;
	add_use(vm, verdict);
	say(verdict->draft->summary, "is not held up by the host");
	say(verdict->draft->remedy, "if it is slow, look inside, or at what it talks to");
	return WHY_OK;
}

static const struct why_rule rules[] = {
	{ .name = "guest-saturated",
	  .says = "not the host: its vCPUs run all the time and never wait",
	  .condition = "no other rule spoke, its vCPUs run at least this much of the time (%RUN), "
		       "and no vCPU waits as much as that",
	  .part = WHY_CPU,
	  .alone = true,
	  .thresholds = { BUSY_LIMIT,
			  { "wait", 5, WHY_PERCENT, "esxtop's practice for ready time" } },
	  .judge = judge_saturated },
	{ .name = "guest-single",
	  .says = "not the host: one vCPU is busy, and the others are idle",
	  .condition = "no other rule spoke, one of its vCPUs runs at least this much of the time, "
		       "and the others together no more than that",
	  .part = WHY_CPU,
	  .alone = true,
	  .thresholds = { BUSY_LIMIT,
			  { "others", 20, WHY_PERCENT, "kvmq: a guest's own services" } },
	  .judge = judge_single },
	{ .name = "not-host",
	  .says = "not the host: neither CPU nor anything else that was looked at holds it up",
	  .condition = "no other rule spoke",
	  .part = WHY_CPU,
	  .alone = true,
	  .judge = judge_nothing },
};

const struct why_rules guest_rules_of_why = { rules, sizeof(rules) / sizeof(rules[0]) };
