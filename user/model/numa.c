// SPDX-License-Identifier: GPL-2.0-only
#include "model/numa.h"

#include <stdlib.h>

struct numa_thread *numa_snapshot__add(struct numa_snapshot *numa)
{
	struct numa_thread *thread;

	if (numa->count == numa->capacity) {
		size_t capacity = numa->capacity ? numa->capacity * 3 / 2 : 32;
		void *threads = reallocarray(numa->threads, capacity, sizeof(*numa->threads));

		if (!threads)
			return NULL;
		numa->threads = threads;
		numa->capacity = capacity;
	}
	thread = &numa->threads[numa->count++];
	*thread = (struct numa_thread){ .node = NODE_NONE };
	return thread;
}

struct numa_vm *numa_snapshot__add_vm(struct numa_snapshot *numa)
{
	struct numa_vm *vm;

	if (numa->vm_count == numa->vm_capacity) {
		size_t capacity = numa->vm_capacity ? numa->vm_capacity * 3 / 2 : 8;
		void *vms = reallocarray(numa->vms, capacity, sizeof(*numa->vms));

		if (!vms)
			return NULL;
		numa->vms = vms;
		numa->vm_capacity = capacity;
	}
	vm = &numa->vms[numa->vm_count++];
	*vm = (struct numa_vm){ 0 };
	return vm;
}

static int compare_pids(const void *pid, const void *vm)
{
	uint32_t a = *(const uint32_t *)pid, b = ((const struct numa_vm *)vm)->pid;

	return a < b ? -1 : a > b;
}

const struct numa_vm *numa_snapshot__vm(const struct numa_snapshot *numa, uint32_t pid)
{
	if (!numa->vm_count)
		return NULL;
	return bsearch(&pid, numa->vms, numa->vm_count, sizeof(*numa->vms), compare_pids);
}

void numa_snapshot__clear(struct numa_snapshot *numa)
{
	numa->count = 0;
	numa->vm_count = 0;
}

void numa_snapshot__free(struct numa_snapshot *numa)
{
	free(numa->threads);
	free(numa->vms);
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
