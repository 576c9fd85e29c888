// SPDX-License-Identifier: GPL-2.0-only
/* Memory on another node than the vCPUs: what kvmq-numa hints at, where it costs enough. */
#include <inttypes.h>
#include <stdio.h>

#include "why/rule.h"

enum { LOOK, ACT, RUN, MEMORY };

/* All of its memory remote costs a guest about a third of its time, beside waits of CPUs. */
#define REMOTE_COST 3

#define REMOTE_LIMITS                                                                              \
	{ "look", 20, WHY_PERCENT, "esxtop's practice: N%L under 80 is to be looked at" },         \
		{ "act", 50, WHY_PERCENT, "kvmq: most of its memory is remote" },                  \
		{ "run", 10, WHY_PERCENT, "kvmq: who hardly runs, hardly reaches for memory" },    \
	{                                                                                          \
		"memory", 32, WHY_MIB, "kvmq: of less than that, caches hold what is used"         \
	}

static uint64_t remote_bytes(const struct numa_row *row)
{
	return (uint64_t)((double)numa_row__memory(row) * (double)row->expected_remote_mpct / 1e5);
}

/* NONE, or the level and what all of these verdicts have. */
static enum why_level judge(const struct why_vm *vm, const uint64_t *limits,
			    struct verdict *verdict, enum numa_hint hint)
{
	const struct numa_row *row = vm->numa;

	if (row->hint != hint || !row->remote_known || row__run_mpct(vm->row) < limits[RUN] ||
	    remote_bytes(row) < limits[MEMORY])
		return WHY_NONE;
	verdict->severity = row->expected_remote_mpct / REMOTE_COST;
	verdict__add(verdict, WHY_TABLE_NUMA, "expected_remote_pct", row);
	verdict__add(verdict, WHY_TABLE_NUMA, "memory_local_pct", row);
	verdict__add(verdict, WHY_TABLE_NUMA, "fault_remote_pct", row);
	verdict__add(verdict, WHY_TABLE_NUMA, "home_node", row);
	verdict__add(verdict, WHY_TABLE_NUMA, "memory_bytes", row);
	return why_level__of(row->expected_remote_mpct, limits);
}

static enum why_level judge_left(const struct why_vm *vm, const uint64_t *limits,
				 struct verdict *verdict)
{
	const struct numa_row *row = vm->numa;
	enum why_level level = judge(vm, limits, verdict, HINT_LEFT);

	if (level == WHY_NONE)
		return level;
	say(verdict->draft->summary,
	    "reaches to another node for %s of its memory: it runs on node %d, and left it on node "
	    "%d",
	    why_number(row->expected_remote_mpct, WHY_PERCENT).text, row->home, row->hint_node);
	say(verdict->draft->remedy, "move its memory to node %d (migratepages: package numactl)",
	    row->home);
	say(verdict->draft->command, "migratepages %" PRIu32 " %d %d", vm->vm->pid, row->hint_node,
	    row->home);
	say(verdict->draft->undo, "migratepages %" PRIu32 " %d %d", vm->vm->pid, row->home,
	    row->hint_node);
	return level;
}

static enum why_level judge_spread(const struct why_vm *vm, const uint64_t *limits,
				   struct verdict *verdict)
{
	enum why_level level = judge(vm, limits, verdict, HINT_SPREAD);

	if (level == WHY_NONE)
		return level;
	verdict__add(verdict, WHY_TABLE_NUMA, "moves_per_s", vm->numa);
	say(verdict->draft->summary,
	    "runs on several nodes, and reaches to another one for %s of memory",
	    why_number(vm->numa->expected_remote_mpct, WHY_PERCENT).text);
	say(verdict->draft->remedy,
	    "keep its vCPUs on one node, if they fit there (virsh vcpupin, or "
	    "taskset -pc); else show the guest its nodes");
	return level;
}

static enum why_level judge_memoryless(const struct why_vm *vm, const uint64_t *limits,
				       struct verdict *verdict)
{
	enum why_level level = judge(vm, limits, verdict, HINT_MEMORYLESS);

	if (level == WHY_NONE)
		return level;
	say(verdict->draft->summary,
	    "runs on node %d, which has no memory, and reaches to another one for %s of memory",
	    vm->numa->hint_node, why_number(vm->numa->expected_remote_mpct, WHY_PERCENT).text);
	say(verdict->draft->remedy,
	    "let its vCPUs run on a node that has memory (virsh vcpupin, or "
	    "taskset -pc)");
	return level;
}

static enum why_level judge_larger(const struct why_vm *vm, const uint64_t *limits,
				   struct verdict *verdict)
{
	const struct numa_row *row = vm->numa;
	enum why_level level = judge(vm, limits, verdict, HINT_LARGER);

	if (level == WHY_NONE)
		return judge_memoryless(vm, limits, verdict);
	say(verdict->draft->summary,
	    "does not fit on node %d, and reaches to another one for %s of memory", row->hint_node,
	    why_number(row->expected_remote_mpct, WHY_PERCENT).text);
	say(verdict->draft->remedy,
	    "make it smaller, or show the guest several nodes (libvirt: <numatune> "
	    "with <memnode>)");
	return level;
}

static enum why_level judge_thrashing(const struct why_vm *vm, const uint64_t *limits,
				      struct verdict *verdict)
{
	const struct numa_row *row = vm->numa;
	uint64_t balancing_ns = why_vm__balancing_ns(vm);

	(void)limits;
	if (row->hint != HINT_THRASHING)
		return WHY_NONE;
	verdict->severity = row->remote_known ? row->expected_remote_mpct / REMOTE_COST : 0;
	verdict->severity += share_mpct(balancing_ns, vm->row->interval.elapsed_ns);
	verdict__add(verdict, WHY_TABLE_NUMA, "migrated_home_pages_per_s", row);
	verdict__add(verdict, WHY_TABLE_NUMA, "migrated_away_pages_per_s", row);
	verdict__add(verdict, WHY_TABLE_NUMA, "memory_local_pct", row);
	if (balancing_ns)
		verdict__add(verdict, WHY_TABLE_EXIT, "kvm_pct", vm->exits);
	say(verdict->draft->summary,
	    "has its pages moved to and fro between nodes by NUMA balancing");
	say(verdict->draft->remedy,
	    "pin its vCPUs and memory to a node, or switch balancing off for the "
	    "host");
	say(verdict->draft->command, "sysctl kernel.numa_balancing=0");
	say(verdict->draft->undo, "sysctl kernel.numa_balancing=1");
	return WHY_LOOK;
}

static const struct why_rule rules[] = {
	{ .name = "numa-left",
	  .says = "its memory was left on another node",
	  .condition =
		  "kvmq-numa's hint is 'memory left', the share of memory that is remote where "
		  "it runs (XREM%) is at least this, its vCPUs run at least that much, and so much "
		  "of it is remote",
	  .against = "moving pages takes time, in which the guest waits for them",
	  .part = WHY_NUMA,
	  .group = "numa",
	  .thresholds = { REMOTE_LIMITS },
	  .judge = judge_left },
	{ .name = "numa-larger",
	  .says = "it is larger than a node",
	  .condition = "the same with the hint 'larger than node' or 'node has no memory'",
	  .against = "a guest that sees nodes must know how to use them",
	  .part = WHY_NUMA,
	  .group = "numa",
	  .thresholds = { REMOTE_LIMITS },
	  .judge = judge_larger },
	{ .name = "numa-thrash",
	  .says = "NUMA balancing moves its memory to and fro",
	  .condition = "kvmq-numa's hint is 'balancing thrashes'",
	  .against = "without balancing, memory of all processes stays where it is",
	  .part = WHY_NUMA,
	  .group = "numa",
	  .judge = judge_thrashing },
	{ .name = "numa-spread",
	  .says = "its vCPUs are spread over nodes",
	  .condition = "the same as numa-left with the hint 'vCPUs spread over nodes'",
	  .against = "on one node it may wait for a CPU",
	  .part = WHY_NUMA,
	  .group = "numa",
	  .thresholds = { REMOTE_LIMITS },
	  .judge = judge_spread },
};

const struct why_rules numa_rules_of_why = { rules, sizeof(rules) / sizeof(rules[0]) };
