// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who waits for a CPU, and because of what. What counts is the vCPU that waits most, as a guest
 * that works together is as slow as that one; time without bandwidth is cpu-throttled's alone.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "why/command.h"
#include "why/rule.h"

/* The places of thresholds that most rules have. */
enum { LOOK, ACT, SHARE };

#define READY_LIMITS                                                                               \
	{ "look", 5, WHY_PERCENT, "esxtop's practice: ready time of a vCPU under 5 % is normal" }, \
	{                                                                                          \
		"act", 10, WHY_PERCENT, "esxtop's practice: over 10 % is to be acted on"           \
	}

#define MOST                                                                                       \
	{                                                                                          \
		"share", 50, WHY_PERCENT, "kvmq: more than all others together"                    \
	}

static void add_ready(const struct why_vm *vm, struct verdict *verdict)
{
	verdict->severity = vm->wait_mpct;
	verdict__add(verdict, WHY_TABLE_CPU, "ready_pct", vm->row);
	verdict__add(verdict, WHY_TABLE_CPU, "ready_preempt_pct", vm->row);
	verdict__add(verdict, WHY_TABLE_CPU, "worst_ready_pct", vm->row);
	verdict__add(verdict, WHY_TABLE_CPU, "wait_p99_ns", vm->row);
}

/* ---- throttled ---- */

/* The one whose quota was short for most of the time; NULL: that is not known. */
static const struct cgroup_limit *find_short(const struct why_vm *vm)
{
	const struct cgroup_limit *found = NULL, *limits;
	uint64_t most = 0;
	size_t count;

	limits = why_vm__limits(vm, &count);
	for (size_t i = 0; i < count; i++) {
		const struct cgroup_limit *before = why_vm__limit_before(vm, &limits[i]);
		uint64_t grown = before && limits[i].throttled_ns > before->throttled_ns
					 ? limits[i].throttled_ns - before->throttled_ns
					 : 0;

		if (!limits[i].quota_ns || !limits[i].period_ns || grown <= most)
			continue;
		most = grown;
		found = &limits[i];
	}
	return found;
}

/* As much as would have been used, but no more than 8 times of what it is: in tenths of a CPU. */
static uint64_t enough(const struct row *row, const struct cgroup_limit *limit)
{
	uint64_t run_us = row->interval.run_ns / 1000 + 1;
	uint64_t wanted_us = run_us + row->interval.throttled_ns / 1000;
	uint64_t tenths = limit->quota_ns * 10 / limit->period_ns;

	if (wanted_us > 8 * run_us)
		wanted_us = 8 * run_us;
	return (tenths * wanted_us / run_us + 1) * limit->period_ns / 10;
}

static enum why_level judge_throttled(const struct why_vm *vm, const uint64_t *limits,
				      struct verdict *verdict)
{
	const struct figures *all = &vm->row->interval;
	uint64_t share = share_mpct(all->throttled_ns, all->elapsed_ns);
	const struct cgroup_limit *limit;

	if (!vm->row->throttling_known || share < limits[LOOK])
		return WHY_NONE;
	verdict->severity = share;
	verdict__add(verdict, WHY_TABLE_CPU, "ready_throttled_pct", vm->row);
	verdict__add(verdict, WHY_TABLE_CPU, "ready_pct", vm->row);
	verdict__add(verdict, WHY_TABLE_CPU, "run_pct", vm->row);
	say(verdict->draft->summary,
	    "is held back %s of the time by a limit of CPU time, not by others",
	    why_number(share, WHY_PERCENT).text);
	limit = find_short(vm);
	if (!limit) {
		say(verdict->draft->remedy, "raise cpu.max of its cgroup, or of one above it");
		return why_level__of(share, limits);
	}
	say(verdict->draft->culprit, "%s (cpu.max: %" PRIu64 " %% of a CPU)", limit->path,
	    limit->quota_ns * 100 / limit->period_ns);
	say(verdict->draft->remedy,
	    "give its cgroup more: it would have used %" PRIu64 " %% of a CPU",
	    enough(vm->row, limit) * 100 / limit->period_ns);
	command__set_quota(verdict, limit, enough(vm->row, limit));
	return why_level__of(share, limits);
}

/* ---- who ran instead ---- */

static bool is_own(const struct blame_entry *entry, enum offender_kind kind)
{
	return entry->own && entry->offender.kind == kind;
}

static bool is_other(const struct blame_entry *entry)
{
	switch (entry->offender.kind) {
	case OFFENDER_VCPU:
	case OFFENDER_VM_THREAD:
		return !entry->own;
	case OFFENDER_KERNEL:
	case OFFENDER_HOST:
		return true;
	default:
		return false;
	}
}

static uint64_t share_of(const struct why_vm *vm, const struct blame_entry *entry)
{
	return share_mpct(entry->ns, vm->blamed_ns);
}

/* Of all of the VM's own of a kind. */
static uint64_t own_share(const struct why_vm *vm, enum offender_kind kind)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < vm->blame_count; i++)
		ns += is_own(&vm->blame[i], kind) ? vm->blame[i].ns : 0;
	return share_mpct(ns, vm->blamed_ns);
}

/* A VM is one, whether its vCPUs or its other threads ran. */
static const char *name_of(const struct blame_entry *entry)
{
	return entry->vm ? entry->vm->name : entry->who;
}

static const struct blame_entry *find_other(const struct why_vm *vm)
{
	for (size_t i = 0; i < vm->blame_count; i++)
		if (is_other(&vm->blame[i]))
			return &vm->blame[i];
	return NULL;
}

/* ---- the red herring ---- */

static enum why_level judge_wakes(const struct why_vm *vm, const uint64_t *limits,
				  struct verdict *verdict)
{
	enum { RATE = 1, MEAN };
	const struct figures *figures = &vm->worst->interval;
	uint64_t waits = figures__waits(figures), mean, rate;

	if (!waits)
		return WHY_NONE;
	mean = figures->ended_ns / waits;
	rate = (uint64_t)((double)waits * 1e9 / (double)figures->elapsed_ns);
	if (rate < limits[RATE] || mean > limits[MEAN] ||
	    figures->ready_ns[CAUSE_WAKE] < figures->ready_ns[CAUSE_PREEMPT])
		return WHY_NONE;
	add_ready(vm, verdict);
	verdict__add(verdict, WHY_TABLE_CPU, "waits_per_s", vm->worst);
	verdict__add(verdict, WHY_TABLE_CPU, "wait_mean_ns", vm->worst);
	say(verdict->draft->summary,
	    "wakes %" PRIu64 " times a second, and waits %s each time: CPUs are not short", rate,
	    why_number(mean, WHY_US).text);
	say(verdict->draft->remedy,
	    "look for what wakes it: timer ticks of an old guest, small packets; if CPUs are to "
	    "spare, let halted vCPUs poll (halt_poll_ns of the module kvm)");
	return WHY_LOOK;
}

/* ---- low weight ---- */

/* A sched_ext scheduler may heed the weights of cgroups or not, which nobody but itself knows. */
static bool weights_count(const struct why_vm *vm)
{
	return !*vm->facts->after->environment.sched_ext;
}

/*
 * The two cgroups, in one parent, where the paths of two VMs part: they share by their weights.
 * False: they are in one, or it is not known.
 */
static bool find_parting(const struct why_vm *vm, const struct vm *other,
			 const struct cgroup_limit **mine, const struct cgroup_limit **theirs)
{
	const struct why_vm *them = why_facts__vm(vm->facts, other);
	const struct cgroup_limit *ours, *those;
	size_t count, others;

	if (!them)
		return false;
	ours = why_vm__limits(vm, &count);
	those = why_vm__limits(them, &others);
	for (size_t i = 0; i < count && i < others; i++)
		if (strcmp(ours[i].path, those[i].path)) {
			*mine = &ours[i];
			*theirs = &those[i];
			return ours[i].cpu_weight && those[i].cpu_weight;
		}
	return false;
}

static void say_who(const struct why_vm *vm, const struct blame_entry *entry,
		    struct verdict *verdict)
{
	say(verdict->draft->summary, "waits %s of the time for a CPU: %s of it while %s%s ran",
	    why_number(vm->wait_mpct, WHY_PERCENT).text,
	    why_number(share_of(vm, entry), WHY_PERCENT).text, name_of(entry),
	    entry->offender.kind == OFFENDER_VCPU ? "'s vCPUs" : "");
	say(verdict->draft->culprit, "%s", name_of(entry));
	verdict__add(verdict, WHY_TABLE_BLAME, "pct", entry);
}

static enum why_level judge_weight(const struct why_vm *vm, const uint64_t *limits,
				   struct verdict *verdict)
{
	const struct blame_entry *entry = find_other(vm);
	const struct cgroup_limit *mine, *theirs;

	if (!entry || !entry->vm || share_of(vm, entry) < limits[SHARE] || !weights_count(vm) ||
	    !find_parting(vm, entry->vm, &mine, &theirs) || mine->cpu_weight >= theirs->cpu_weight)
		return WHY_NONE;
	add_ready(vm, verdict);
	say_who(vm, entry, verdict);
	say(verdict->draft->remedy,
	    "its cgroup's cpu.weight is %" PRIu32 ", that of %s is %" PRIu32 ": make them alike",
	    mine->cpu_weight, name_of(entry), theirs->cpu_weight);
	command__set_weight(verdict, mine, theirs->cpu_weight);
	return why_level__of(vm->wait_mpct, limits);
}

/* ---- its own threads ---- */

static enum why_level judge_own(const struct why_vm *vm, const uint64_t *limits,
				struct verdict *verdict)
{
	uint64_t share;

	if (!vm->blamed_ns)
		return WHY_NONE;
	share = own_share(vm, OFFENDER_VM_THREAD);
	if (share < limits[SHARE])
		return WHY_NONE;
	add_ready(vm, verdict);
	for (size_t i = 0; i < vm->blame_count; i++) {
		if (!is_own(&vm->blame[i], OFFENDER_VM_THREAD))
			continue;
		say(verdict->draft->culprit, "%s", vm->blame[i].who);
		verdict__add(verdict, WHY_TABLE_BLAME, "pct", &vm->blame[i]);
		break;
	}
	say(verdict->draft->summary,
	    "waits %s of the time for a CPU: %s of it while its own I/O or emulator threads ran",
	    why_number(vm->wait_mpct, WHY_PERCENT).text, why_number(share, WHY_PERCENT).text);
	say(verdict->draft->remedy, "give these threads a CPU that none of its vCPUs is on "
				    "(virsh emulatorpin, iothreadpin; or taskset -pc)");
	return why_level__of(vm->wait_mpct, limits);
}

static enum why_level judge_self(const struct why_vm *vm, const uint64_t *limits,
				 struct verdict *verdict)
{
	uint64_t share;

	if (!vm->blamed_ns)
		return WHY_NONE;
	share = own_share(vm, OFFENDER_VCPU);
	if (share < limits[SHARE])
		return WHY_NONE;
	add_ready(vm, verdict);
	verdict__add(verdict, WHY_TABLE_CPU, "vcpus", vm->row);
	say(verdict->draft->summary,
	    "waits %s of the time for a CPU: %s of it while its own other vCPUs ran",
	    why_number(vm->wait_mpct, WHY_PERCENT).text, why_number(share, WHY_PERCENT).text);
	say(verdict->draft->remedy,
	    "let its %u vCPUs run on more CPUs (virsh vcpupin, or taskset -pc), or "
	    "give it fewer",
	    vm->row->vm_vcpus);
	return why_level__of(vm->wait_mpct, limits);
}

/* ---- a neighbour, or the host ---- */

/* Twice as much as it has, if it is known. */
static void raise_weight(const struct why_vm *vm, const struct blame_entry *entry,
			 struct verdict *verdict)
{
	const struct cgroup_limit *mine = NULL, *theirs, *limits;
	size_t count;

	if (!entry->vm || !find_parting(vm, entry->vm, &mine, &theirs)) {
		limits = why_vm__limits(vm, &count);
		mine = count && limits[0].cpu_weight ? &limits[0] : NULL;
	}
	if (!mine || mine->cpu_weight >= 10000 || !weights_count(vm)) {
		say(verdict->draft->remedy, "move one of the two, or pin them to different CPUs");
		return;
	}
	say(verdict->draft->remedy,
	    "move one of the two, or give its cgroup more cpu.weight than %" PRIu32,
	    mine->cpu_weight);
	command__set_weight(verdict, mine, mine->cpu_weight > 5000 ? 10000 : mine->cpu_weight * 2);
}

static enum why_level judge_neighbour(const struct why_vm *vm, const uint64_t *limits,
				      struct verdict *verdict)
{
	const struct blame_entry *entry = find_other(vm);

	if (!entry || share_of(vm, entry) < limits[SHARE])
		return WHY_NONE;
	add_ready(vm, verdict);
	say_who(vm, entry, verdict);
	raise_weight(vm, entry, verdict);
	return why_level__of(vm->wait_mpct, limits);
}

static enum why_level judge_host(const struct why_vm *vm, const uint64_t *limits,
				 struct verdict *verdict)
{
	const struct blame_entry *entry = find_other(vm);

	if (!vm->facts->busy_known || vm->facts->busy_mpct < limits[SHARE])
		return WHY_NONE;
	add_ready(vm, verdict);
	say(verdict->draft->summary,
	    "waits %s of the time for a CPU: all %u CPUs of the host are busy (%s)",
	    why_number(vm->wait_mpct, WHY_PERCENT).text, vm->facts->after->host.cpus,
	    why_number(vm->facts->busy_mpct, WHY_PERCENT).text);
	if (entry)
		say(verdict->draft->culprit, "several; most of all %s", name_of(entry));
	say(verdict->draft->remedy, "move a VM to another host, or limit one that is less urgent");
	return why_level__of(vm->wait_mpct, limits);
}

static enum why_level judge_crowded(const struct why_vm *vm, const uint64_t *limits,
				    struct verdict *verdict)
{
	const struct blame_entry *entry = find_other(vm);

	add_ready(vm, verdict);
	say(verdict->draft->summary, "waits %s of the time for a CPU%s",
	    why_number(vm->wait_mpct, WHY_PERCENT).text,
	    vm->facts->after->sched.blame.count ? ", and nobody has most of that"
						: "; who ran meanwhile was not followed");
	if (entry)
		say(verdict->draft->culprit, "several; most of all %s", name_of(entry));
	say(verdict->draft->remedy,
	    "see who ran: kvmq-cpu --blame; if CPUs are idle, its vCPUs are pinned "
	    "to too few");
	return why_level__of(vm->wait_mpct, limits);
}

/* ---- too many vCPUs ---- */

static enum why_level judge_vcpus(const struct why_vm *vm, const uint64_t *limits,
				  struct verdict *verdict)
{
	const struct row *row = vm->row;
	uint64_t hazard_ns, throttled_ns = row->throttling_known ? row->interval.throttled_ns : 0;
	uint64_t hazard;

	if (!row->overlap || row->overlap->hazard_ns < row->overlap_before->hazard_ns)
		return WHY_NONE;
	hazard_ns = row->overlap->hazard_ns - row->overlap_before->hazard_ns;
	hazard = hazard_ns > throttled_ns ? share_mpct(hazard_ns - throttled_ns, row->wall_ns) : 0;
	if (hazard < limits[LOOK])
		return WHY_NONE;
	verdict->severity = hazard;
	verdict__add(verdict, WHY_TABLE_CPU, "hazard_pct", row);
	verdict__add(verdict, WHY_TABLE_CPU, "ready_pct", row);
	verdict__add(verdict, WHY_TABLE_CPU, "vcpus", row);
	say(verdict->draft->summary,
	    "has a vCPU waiting while another runs %s of the time, though each waits little",
	    why_number(hazard, WHY_PERCENT).text);
	say(verdict->draft->remedy, "give it fewer vCPUs than its %u, if it does not need them all",
	    row->vm_vcpus);
	return WHY_LOOK;
}

static const struct why_rule rules[] = {
	{ .name = "cpu-throttled",
	  .says = "its own cgroup's, or a parent's, cpu.max holds it back",
	  .condition = "of the vCPUs' time, that in which they could run but their cgroup was out "
		       "of bandwidth (%THR) is at least this much; the cgroup is the one that the "
		       "kernel counted most throttled time at",
	  .against = "a limit was set by somebody, and others may get less without it",
	  .part = WHY_CPU,
	  .thresholds = { { "look", 1, WHY_PERCENT,
			    "esxtop's practice is over 0 (%MLMTD); kvmq: what can be felt" },
			  { "act", 10, WHY_PERCENT, "as ready time" } },
	  .judge = judge_throttled },
	{ .name = "cpu-wakes",
	  .says = "the red herring: thousands of short waits, and no want of CPUs",
	  .condition =
		  "a vCPU waits this much (%RDY - %THR), but in as many waits a second or more, "
		  "that are on average no longer than this, mostly after wake-ups",
	  .against = "polling takes CPU time that others could use",
	  .part = WHY_CPU,
	  .group = "ready",
	  .of_waits = true,
	  .thresholds = { { "look", 5, WHY_PERCENT, "esxtop's practice, as of all ready time" },
			  { "rate", 1000, WHY_COUNT, "kvmq: an old guest's timer ticks" },
			  { "mean", 100, WHY_US,
			    "kvmq: far below a time slice, so nobody was waited for" } },
	  .judge = judge_wakes },
	{ .name = "cpu-weight",
	  .says = "a neighbour with more cpu.weight takes the CPU",
	  .condition = "as cpu-neighbour, of another VM whose cgroup, where the two part, has more "
		       "cpu.weight; never under a sched_ext scheduler, which need not heed it",
	  .against = "the other one gets less; the weights may be meant so",
	  .part = WHY_BLAME,
	  .group = "ready",
	  .of_waits = true,
	  .thresholds = { READY_LIMITS, MOST },
	  .judge = judge_weight },
	{ .name = "cpu-own",
	  .says = "its own I/O or emulator threads compete with its vCPUs",
	  .condition = "a vCPU waits this much (%RDY - %THR), and for at least that share of all "
		       "waits of the VM its own other threads were on the CPU",
	  .against = "a CPU for these threads is one that vCPUs do not have",
	  .part = WHY_BLAME,
	  .group = "ready",
	  .of_waits = true,
	  .thresholds = { READY_LIMITS, MOST },
	  .judge = judge_own },
	{ .name = "cpu-self",
	  .says = "its own vCPUs share too few CPUs",
	  .condition = "the same of its own vCPUs",
	  .against = "more CPUs are shared with more others",
	  .part = WHY_BLAME,
	  .group = "ready",
	  .of_waits = true,
	  .thresholds = { READY_LIMITS, MOST },
	  .judge = judge_self },
	{ .name = "cpu-neighbour",
	  .says = "one neighbour or host process takes the CPU",
	  .condition =
		  "a vCPU waits this much (%RDY - %THR), and for at least that share of all "
		  "waits of the VM another VM, a host process or a kernel thread was on the CPU",
	  .against = "whoever ran gets less",
	  .part = WHY_BLAME,
	  .group = "ready",
	  .of_waits = true,
	  .thresholds = { READY_LIMITS, MOST },
	  .judge = judge_neighbour },
	{ .name = "cpu-host",
	  .says = "the host has no CPU left",
	  .condition =
		  "a vCPU waits this much (%RDY - %THR), nobody has most of it, and at least so "
		  "much of all CPUs' time was used (/proc/stat)",
	  .against = "a host that is full is what it was bought for, if nobody waits for an answer",
	  .part = WHY_CPU,
	  .group = "ready",
	  .of_waits = true,
	  .thresholds = { READY_LIMITS,
			  { "busy", 90, WHY_PERCENT,
			    "kvmq: with less, a CPU was idle for a tenth of the time" } },
	  .judge = judge_host },
	{ .name = "cpu-crowded",
	  .says = "it waits for its CPUs, and no one has most of that",
	  .condition = "a vCPU waits this much (%RDY - %THR), and no other rule says why",
	  .against = "pinning to more CPUs may leave the node that the memory is on",
	  .part = WHY_CPU,
	  .group = "ready",
	  .of_waits = true,
	  .thresholds = { READY_LIMITS },
	  .judge = judge_crowded },
	{ .name = "cpu-vcpus",
	  .says = "more vCPUs than it can use at the same time",
	  .condition = "ready time is normal, but at least this much of the time one vCPU waited "
		       "while another ran (%HAZARD, without %THR): what that one holds, a lock, is "
		       "waited for",
	  .against = "fewer vCPUs are fewer for the hours in which they are needed",
	  .part = WHY_CPU,
	  .group = "ready",
	  .effect = true,
	  .thresholds = { { "look", 3, WHY_PERCENT, "esxtop's practice for co-stop" } },
	  .judge = judge_vcpus },
};

const struct why_rules cpu_rules_of_why = { rules, sizeof(rules) / sizeof(rules[0]) };
