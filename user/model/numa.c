// SPDX-License-Identifier: GPL-2.0-only
#include "model/numa.h"

struct numa_thread *numa_snapshot__add(struct numa_snapshot *numa)
{
	struct numa_thread *thread = list_add(&numa->threads);

	if (thread)
		thread->node = thread->home = NODE_NONE;
	return thread;
}

struct numa_vm *numa_snapshot__add_vm(struct numa_snapshot *numa)
{
	struct numa_vm *vm = list_add(&numa->vms);

	if (vm)
		vm->home = NODE_NONE;
	return vm;
}

static int compare_vms(const void *left, const void *right)
{
	const struct numa_vm *a = left, *b = right;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->start_ns < b->start_ns ? -1 : a->start_ns > b->start_ns;
}

const struct numa_vm *numa_snapshot__vm(const struct numa_snapshot *numa, uint32_t pid,
					uint64_t start_ns)
{
	const struct numa_vm wanted = { .pid = pid, .start_ns = start_ns };
	const struct numa_vm *found = list_find(&numa->vms, &wanted, compare_vms);

	return found;
}

void numa_snapshot__clear(struct numa_snapshot *numa)
{
	list_clear(&numa->threads);
	list_clear(&numa->vms);
}

void numa_snapshot__free(struct numa_snapshot *numa)
{
	list_free(&numa->threads);
	list_free(&numa->vms);
	list_free(&numa->nodes);
	*numa = (struct numa_snapshot){ 0 };
}

void numa_figures__add(struct numa_figures *sum, const struct numa_figures *figures)
{
	for (int node = 0; node < NODES_MAX; node++) {
		sum->run_ns[node] += figures->run_ns[node];
		sum->migrated_to[node] += figures->migrated_to[node];
		sum->migrated_from[node] += figures->migrated_from[node];
	}
	for (int place = 0; place < FAULT_PLACES; place++) {
		sum->faults[place] += figures->faults[place];
		sum->pages[place] += figures->pages[place];
	}
	sum->moves += figures->moves;
	sum->own_faults += figures->own_faults;
	sum->own_pages += figures->own_pages;
}
