// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sums of what the rules look at: their rows are of the interval, so these are added up. What went
 * on at a moment and was shorter in the end is in them as it was shown.
 */
#include <errno.h>
#include <string.h>

#include "cmd/daemon_sums_internal.h"

static void take_nodes(struct vm_sums *vm, const struct why_vm *of)
{
	const struct numa_row *row = of->numa;

	vm->nodes_known = row;
	if (!row)
		return;
	for (int node = 0; node < NODES_MAX; node++) {
		vm->run_node_ns[node] += row->interval.run_ns[node];
		vm->migrated_pages += row->interval.migrated_to[node];
	}
	for (int place = 0; place < FAULT_PLACES; place++)
		vm->fault_pages[place] += row->interval.pages[place];
	vm->faults_known = row->faults_seen;
	vm->home = row->home;
	vm->remote_known = row->remote_known;
	vm->remote_mpct = row->expected_remote_mpct;
	vm->memory_known = numa_row__memory(row);
	if (vm->memory_known)
		memcpy(vm->memory_bytes, row->vm->residency.bytes, sizeof(vm->memory_bytes));
}

static int8_t level_of(enum why_level level)
{
	return level == WHY_ACT ? 2 : level == WHY_LOOK;
}

static struct vm_sums *sums_of(const struct daemon_sums *sums, const struct why_vm *vm)
{
	return daemon_sums__vm(sums, vm->vm->pid, vm->vm->start_ns);
}

/* Those of a VM stand together. */
static void take_verdicts(struct daemon_sums *sums, const struct why *why)
{
	const struct why_vm *last = NULL;
	struct vm_sums *vm = NULL;

	for (size_t i = 0; i < why->unasked.count; i++) {
		const struct unasked *unasked = &why->unasked.list[i];

		if (unasked->vm != last)
			vm = sums_of(sums, unasked->vm);
		last = unasked->vm;
		if (vm && unasked->place < RULES_MAX)
			vm->levels[unasked->place] = VERDICT_NOT_ASKED;
	}
	for (size_t i = 0; i < why->verdicts.count; i++) {
		const struct verdict *verdict = &why->verdicts.list[i];

		if (verdict->vm != last)
			vm = sums_of(sums, verdict->vm);
		last = verdict->vm;
		if (vm && verdict->place < RULES_MAX)
			vm->levels[verdict->place] = level_of(verdict->level);
	}
}

int daemon_sums__take_why(struct daemon_sums *sums, const struct why *why)
{
	int error = 0;

	for (size_t i = 0; i < sums->vm_count; i++)
		memset(sums->vms[i]->levels, VERDICT_NOT_ASKED, sizeof(sums->vms[i]->levels));
	for (size_t i = 0; i < why->facts.list.count; i++) {
		const struct why_vm *of = &why->facts.list.list[i];
		struct vm_sums *vm = sums_of(sums, of);

		if (!vm)
			continue;
		memset(vm->levels, 0, sizeof(vm->levels));
		take_nodes(vm, of);
		if (daemon_sums__take_blame(sums, vm, of))
			error = -ENOMEM;
	}
	take_verdicts(sums, why);
	return error;
}
