// SPDX-License-Identifier: GPL-2.0-only
#include "host/numa_vms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct known_vm {
	uint32_t pid;
	uint64_t start_ns;
	struct residency_reader *reader;
	const char *cgroup; /* the registry's, in this reading */
	uint64_t seen;	    /* number of the last reading that it was in */
	bool met;	    /* its residency was read */
};

struct numa_vms {
	struct numa_vms_config config;
	const char *paused; /* why; NULL: it is not */
	struct bandwidth_groups *groups;
	struct known_vm *list; /* by ascending PID */
	size_t count, capacity;
	uint64_t readings;
	uint64_t cost_ns; /* of all readings of residency */
};

struct numa_vms *numa_vms__new(const struct numa_vms_config *config)
{
	struct numa_vms *numa_vms = calloc(1, sizeof(*numa_vms));

	if (!numa_vms)
		return NULL;
	numa_vms->config = *config;
	numa_vms->groups = bandwidth_groups__new(config->resctrl, config->residency.proc);
	if (!numa_vms->groups) {
		free(numa_vms);
		return NULL;
	}
	return numa_vms;
}

void numa_vms__free(struct numa_vms *numa_vms)
{
	if (!numa_vms)
		return;
	for (size_t i = 0; i < numa_vms->count; i++)
		residency_reader__free(numa_vms->list[i].reader);
	bandwidth_groups__free(numa_vms->groups);
	free(numa_vms->list);
	free(numa_vms);
}

void numa_vms__pause(struct numa_vms *numa_vms, const char *why)
{
	numa_vms->paused = why;
}

static struct known_vm *insert(struct numa_vms *numa_vms, size_t place)
{
	if (numa_vms->count == numa_vms->capacity) {
		size_t capacity = numa_vms->capacity ? numa_vms->capacity * 2 : 16;
		void *list = reallocarray(numa_vms->list, capacity, sizeof(*numa_vms->list));

		if (!list)
			return NULL;
		numa_vms->list = list;
		numa_vms->capacity = capacity;
	}
	memmove(numa_vms->list + place + 1, numa_vms->list + place,
		(numa_vms->count - place) * sizeof(*numa_vms->list));
	numa_vms->count++;
	numa_vms->list[place] = (struct known_vm){ 0 };
	return &numa_vms->list[place];
}

static struct known_vm *get(struct numa_vms *numa_vms, uint32_t pid)
{
	size_t low = 0, high = numa_vms->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (numa_vms->list[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < numa_vms->count && numa_vms->list[low].pid == pid)
		return &numa_vms->list[low];
	return insert(numa_vms, low);
}

static int meet(struct numa_vms *numa_vms, const struct identity *identity, struct vms *vms)
{
	struct known_vm *known = get(numa_vms, identity->vm_pid);

	if (!known)
		return -ENOMEM;
	/* A PID that is used again belongs to another VM. */
	if (known->reader && known->start_ns != identity->vm_start_ns) {
		residency_reader__free(known->reader);
		known->reader = NULL;
		known->met = false;
	}
	known->pid = identity->vm_pid;
	known->start_ns = identity->vm_start_ns;
	known->seen = numa_vms->readings;
	known->cgroup = vms__cgroup(vms, identity->vm_pid, identity->vm_start_ns);
	if (!known->reader)
		known->reader =
			residency_reader__new(&numa_vms->config.residency, identity->vm_pid);
	return known->reader ? 0 : -ENOMEM;
}

static void forget_gone(struct numa_vms *numa_vms)
{
	size_t kept = 0;

	for (size_t i = 0; i < numa_vms->count; i++) {
		if (numa_vms->list[i].seen == numa_vms->readings)
			numa_vms->list[kept++] = numa_vms->list[i];
		else
			residency_reader__free(numa_vms->list[i].reader);
	}
	numa_vms->count = kept;
}

/*
 * The more VMs, the less for each. If many are there at first, the first comes again soon, and the
 * last after as long as all take: so it stays from then on.
 */
static void set_budget(struct numa_vms *numa_vms, struct known_vm *known)
{
	size_t place = (size_t)(known - numa_vms->list) + 1;
	uint64_t budget = numa_vms->config.budget;

	if (budget)
		residency_reader__set_budget(known->reader,
					     budget * (known->met ? numa_vms->count : place));
	known->met = true;
}

static void read_residency(struct numa_vms *numa_vms, struct known_vm *known,
			   const struct snapshot *snapshot, struct numa_vm *vm)
{
	const struct numa_vms_config *config = &numa_vms->config;
	const char *none = config->blind ? config->blind : numa_vms->paused;
	bool due = residency_reader__due(known->reader, snapshot->time_ns);
	const struct memory_range *ranges = NULL;
	const struct residency *residency;
	const char *missing;
	size_t count = 0;

	if (none) {
		snprintf(vm->residency_missing, MISSING_SIZE, "%s", none);
		return;
	}
	if (due)
		set_budget(numa_vms, known);
	if (due)
		count = config->memory(config->context, snapshot, known->pid, &ranges);
	residency = residency_reader__read(known->reader, snapshot->time_ns, ranges, count,
					   known->cgroup);
	if (due)
		numa_vms->cost_ns += residency->cost_ns;
	vm->residency = *residency;
	missing = residency_reader__missing(known->reader);
	if (missing)
		snprintf(vm->residency_missing, MISSING_SIZE, "%s", missing);
}

int numa_vms__read(struct numa_vms *numa_vms, const struct snapshot *snapshot, struct vms *vms,
		   struct numa_snapshot *numa)
{
	int error = 0;

	numa_vms->readings++;
	for (size_t i = 0; i < snapshot->threads.count && !error; i++)
		if (snapshot->threads.list[i].identity.is_vcpu)
			error = meet(numa_vms, &snapshot->threads.list[i].identity, vms);
	if (error)
		return error;
	forget_gone(numa_vms);
	numa->bandwidth_available = bandwidth_groups__available(numa_vms->groups) &&
				    !bandwidth_groups__scan(numa_vms->groups);
	for (size_t i = 0; i < numa_vms->count; i++) {
		struct numa_vm *vm = numa_snapshot__add_vm(numa);

		if (!vm)
			return -ENOMEM;
		vm->pid = numa_vms->list[i].pid;
		vm->start_ns = numa_vms->list[i].start_ns;
		read_residency(numa_vms, &numa_vms->list[i], snapshot, vm);
		if (numa->bandwidth_available)
			vm->bandwidth = bandwidth_groups__read(numa_vms->groups, vm->pid);
	}
	numa->residency_cost_ns = numa_vms->cost_ns;
	return 0;
}
