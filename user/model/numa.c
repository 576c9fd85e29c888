// SPDX-License-Identifier: GPL-2.0-only
#include "model/numa.h"

struct numa_thread *numa_snapshot__add(struct numa_snapshot *numa)
{
	struct numa_thread *thread = list_add(&numa->threads);

	if (thread)
		thread->node = NODE_NONE;
	return thread;
}

struct numa_vm *numa_snapshot__add_vm(struct numa_snapshot *numa)
{
	return list_add(&numa->vms);
}

static int compare_pids(const void *pid, const void *vm)
{
	uint32_t a = *(const uint32_t *)pid, b = ((const struct numa_vm *)vm)->pid;

	return a < b ? -1 : a > b;
}

const struct numa_vm *numa_snapshot__vm(const struct numa_snapshot *numa, uint32_t pid)
{
	return list_find(&numa->vms, &pid, compare_pids);
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
