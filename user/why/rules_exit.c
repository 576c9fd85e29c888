// SPDX-License-Identifier: GPL-2.0-only
/* What exits from the guest take. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "why/rule.h"

enum { LOOK, ACT, SPIN = ACT };

/* The reason that takes most of the handling, or NULL. */
static struct reason_row *const *greatest(const struct why_vm *vm)
{
	return vm->exits->reason_count ? &vm->exits->reasons[0] : NULL;
}

static void add_exits(const struct why_vm *vm, struct reason_row *const *reason,
		      struct verdict *verdict)
{
	verdict__add(verdict, WHY_TABLE_EXIT, "vmm_pct", vm->exits);
	verdict__add(verdict, WHY_TABLE_EXIT, "kvm_pct", vm->exits);
	verdict__add(verdict, WHY_TABLE_EXIT, "guest_pct", vm->exits);
	verdict__add(verdict, WHY_TABLE_EXIT, "exits_per_s", vm->exits);
	verdict__add(verdict, WHY_TABLE_REASON, "handle_pct", reason);
	if (reason)
		say(verdict->draft->culprit, "%s", (*reason)->name);
}

static enum why_level judge_vmm(const struct why_vm *vm, const uint64_t *limits,
				struct verdict *verdict)
{
	uint64_t share = share_mpct(vm->exits->interval.vmm_ns, vm->row->interval.elapsed_ns);
	struct reason_row *const *reason = greatest(vm);

	if (share < limits[LOOK])
		return WHY_NONE;
	verdict->severity = share;
	add_exits(vm, reason, verdict);
	say(verdict->draft->summary, "has its vCPUs work %s of the time for the VMM's devices%s%s",
	    why_number(share, WHY_PERCENT).text, reason ? ", most of all after exits for " : "",
	    reason ? (*reason)->name : "");
	say(verdict->draft->remedy,
	    "use devices that need no exits to the VMM: virtio with vhost or an I/O "
	    "thread in place of emulated ones");
	return why_level__of(share, limits);
}

static enum why_level judge_spin(const struct why_vm *vm, const uint64_t *limits,
				 struct verdict *verdict)
{
	enum { HAZARD = 1 };
	const struct row *row = vm->row;
	struct reason_row *const *pause = why_vm__reason(vm, "pause", "PAUSE_INSTRUCTION");
	uint64_t hazard, rate;

	if (!pause || !row->overlap || row->overlap->hazard_ns < row->overlap_before->hazard_ns ||
	    !row->wall_ns)
		return WHY_NONE;
	hazard = share_mpct(row->overlap->hazard_ns - row->overlap_before->hazard_ns, row->wall_ns);
	rate = (uint64_t)((double)reason_figures__count(&(*pause)->interval) * 1e9 /
			  (double)row->wall_ns);
	if (rate < limits[LOOK] || hazard < limits[HAZARD])
		return WHY_NONE;
	/* What it costs who spins, too: so it comes before cpu-vcpus and exit-storm. */
	verdict->severity = hazard + share_mpct(reason_figures__handle(&(*pause)->interval),
						row->interval.elapsed_ns);
	verdict__add(verdict, WHY_TABLE_REASON, "exits_per_s", pause);
	verdict__add(verdict, WHY_TABLE_REASON, "handle_pct", pause);
	verdict__add(verdict, WHY_TABLE_CPU, "hazard_pct", row);
	verdict__add(verdict, WHY_TABLE_CPU, "ready_pct", row);
	say(verdict->draft->summary,
	    "spins for locks, %" PRIu64 " times a second: their holder is often off the CPU", rate);
	say(verdict->draft->remedy,
	    "let all of its vCPUs run at once: fewer of them, or CPUs of their own");
	return WHY_LOOK;
}

/* What these exits are there for decides what helps. */
static const char *remedy_of(const struct why_vm *vm, struct reason_row *const *reason)
{
	if (reason != why_vm__page_faults(vm))
		return "look inside for what causes these exits (timers, MSRs, interrupts): an "
		       "old kernel, a clock source, a tick rate";
	if (why_vm__balancing_ns(vm) >= reason_figures__handle(&(*reason)->interval) / 2)
		return "NUMA balancing unmaps its memory to see where it is used: pin its vCPUs "
		       "and memory to a node, or switch balancing off for the host";
	return "its memory is new, or was taken from it (swap, balloon, KSM, migration): look at "
	       "that first; huge pages take fewer such exits";
}

static enum why_level judge_storm(const struct why_vm *vm, const uint64_t *limits,
				  struct verdict *verdict)
{
	uint64_t kvm_ns = vm->exits->interval.kvm_ns, balancing_ns = why_vm__balancing_ns(vm),
		 share;
	struct reason_row *const *reason = greatest(vm);

	/* These are numa-thrash's, which says why they are there. */
	if (vm->numa && vm->numa->hint == HINT_THRASHING && balancing_ns) {
		kvm_ns = kvm_ns > balancing_ns ? kvm_ns - balancing_ns : 0;
		if (reason == why_vm__page_faults(vm) && vm->exits->reason_count > 1)
			reason++;
	}
	share = share_mpct(kvm_ns, vm->row->interval.elapsed_ns);
	if (!reason || share < limits[LOOK])
		return WHY_NONE;
	verdict->severity = share;
	add_exits(vm, reason, verdict);
	say(verdict->draft->summary,
	    "has its vCPUs in KVM instead of the guest %s of the time, most of all for %s",
	    why_number(share, WHY_PERCENT).text, (*reason)->name);
	say(verdict->draft->remedy, "%s", remedy_of(vm, reason));
	return WHY_LOOK;
}

static const struct why_rule rules[] = {
	{ .name = "exit-spin",
	  .says = "it spins for locks whose holders are off the CPU",
	  .condition = "this many PAUSE exits a second, and that much %HAZARD",
	  .against = "fewer vCPUs are fewer for the hours in which they are needed",
	  .part = WHY_EXITS,
	  .effect = true,
	  .thresholds = { { "look", 1000, WHY_COUNT, "kvmq: PLE windows that were used up" },
			  { "hazard", 3, WHY_PERCENT, "esxtop's practice for co-stop" } },
	  .judge = judge_spin },
	{ .name = "exit-vmm",
	  .says = "exits that the VMM handles take the time",
	  .condition = "its vCPUs are in the VMM for this share of the time (%VMM)",
	  .against = "the guest needs drivers for other devices",
	  .part = WHY_EXITS,
	  .group = "exits",
	  .thresholds = { { "look", 20, WHY_PERCENT,
			    "kvmq: a fifth of the CPUs that are paid for" },
			  { "act", 40, WHY_PERCENT, "kvmq: more than there is use of" } },
	  .judge = judge_vmm },
	{ .name = "exit-storm",
	  .says = "exits that KVM handles take the time: timers, MSRs, interrupts, page faults",
	  .condition = "its vCPUs are in KVM for this share of the time (%KVM); where numa-thrash "
		       "speaks, without the page faults that balancing makes",
	  .part = WHY_EXITS,
	  .group = "exits",
	  .thresholds = { { "look", 25, WHY_PERCENT,
			    "kvmq: a quarter of the CPUs that are paid for" } },
	  .judge = judge_storm },
};

const struct why_rules exit_rules_of_why = { rules, sizeof(rules) / sizeof(rules[0]) };
