// SPDX-License-Identifier: GPL-2.0-only
#include "host/vm.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/units.h"
#include "host/proc.h"
#include "host/vm_config.h"

struct vms {
	const char *proc;
	struct vm_filter filter;
	struct vm **list; /* by ascending PID and start */
	size_t count;
	size_t capacity;
	uint64_t sweeps;
};

struct vms *vms__new(const char *proc, const struct vm_filter *filter)
{
	struct vms *vms = calloc(1, sizeof(*vms));

	if (!vms)
		return NULL;
	vms->proc = proc;
	vms->filter = *filter;
	return vms;
}

static void vm__free(struct vm *vm)
{
	vm__release(vm);
	free(vm);
}

void vms__free(struct vms *vms)
{
	if (!vms)
		return;
	for (size_t i = 0; i < vms->count; i++)
		vm__free(vms->list[i]);
	free(vms->list);
	free(vms);
}

/* Whether the process that has the PID now is the one that the hook saw. */
static bool same_process(const char *proc, uint32_t pid, uint64_t start_ns)
{
	uint64_t ticks, per_second = (uint64_t)sysconf(_SC_CLK_TCK);

	if (process_start_ticks(proc, pid, &ticks))
		return false;
	return start_ns / (NSEC_PER_SEC / per_second) == ticks;
}

static const char *full_name(const struct vm *vm)
{
	return vm->full_name ? vm->full_name : vm->name;
}

/*
 * What cannot be shown in full is known in full, so that no two names are taken for one; nor are
 * they where another VM has the same.
 */
static void vm__show_name(struct vm *vm, const char *name, bool has_twin)
{
	bool cut = strlen(name) >= sizeof(vm->name);
	char end[16];

	text_copy(vm->name, sizeof(vm->name), name, strlen(name));
	if (!cut && !has_twin)
		return;
	snprintf(end, sizeof(end), "%s-%u", cut ? "..." : "", vm->pid);
	text_copy(vm->name, sizeof(vm->name) - strlen(end), name, strlen(name));
	strcat(vm->name, end);
}

static void vm__set_name(struct vm *vm, const char *name)
{
	vm__show_name(vm, name, false);
	vm->full_name = strdup(name);
}

/* By the command line, or the file that it names; then by the cgroup. */
static bool find_name(struct vm *vm, const char *proc, struct vm_identity *identity)
{
	for (size_t i = 0; i < identity->config_count && !identity->name[0]; i++)
		vm_config__name(proc, vm->pid, identity->configs[i], identity->name);
	return identity->name[0] || (vm->cgroup && vm_name_from_cgroup(vm->cgroup, identity->name));
}

/*
 * Read first, checked after: a process that is the same after the reading was
 * the same during it.
 */
static void vm__read(struct vm *vm, const char *proc, const char *comm)
{
	char cmdline[VM_NAME_SIZE], cgroup[PATH_MAX];
	ssize_t size = read_file(cmdline, sizeof(cmdline), "%s/%u/cmdline", proc, vm->pid);
	struct vm_identity identity;
	bool named;

	if (!process_cgroup(proc, vm->pid, cgroup, sizeof(cgroup)))
		vm->cgroup = strdup(cgroup);
	vm_identity__read(&identity, cmdline, size > 0 ? (size_t)size : 0);
	named = find_name(vm, proc, &identity);
	if (same_process(proc, vm->pid, vm->start_ns)) {
		memcpy(vm->uuid, identity.uuid, sizeof(vm->uuid));
		memcpy(vm->id, identity.id, sizeof(vm->id));
	} else {
		free(vm->cgroup);
		vm->cgroup = NULL;
		named = false;
	}
	if (named)
		vm__set_name(vm, identity.name);
	else
		snprintf(vm->name, sizeof(vm->name), "%.*s-%u", COMM_SIZE, comm, vm->pid);
}

/* In full, or as one of several of this name is shown. */
static bool is_called(const struct vm *vm, const char *name, const char *pid)
{
	size_t length = strlen(full_name(vm));

	if (!strcmp(vm->name, name))
		return true;
	if (strncmp(full_name(vm), name, length))
		return false;
	return !name[length] || (name[length] == '-' && !strcmp(name + length + 1, pid));
}

static bool matches_name(const struct vm *vm, const char *name)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%u", vm->pid);
	return is_called(vm, name, pid) || !strcmp(pid, name) ||
	       (vm->id[0] && !strcmp(vm->id, name)) || uuid_equal(vm->uuid, name);
}

static bool passes(const struct vms *vms, const struct vm *vm)
{
	const struct vm_filter *filter = &vms->filter;

	if (filter->cgroup && !(cgroup_filter__holds(filter->cgroup, vms->proc, vm->pid) &&
				same_process(vms->proc, vm->pid, vm->start_ns)))
		return false;
	for (size_t i = 0; i < filter->name_count; i++)
		if (matches_name(vm, filter->names[i]))
			return true;
	return !filter->name_count;
}

/* The first place whose VM is not before (pid, start_ns). */
static size_t vms__place(const struct vms *vms, uint32_t pid, uint64_t start_ns)
{
	size_t low = 0, high = vms->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct vm *vm = vms->list[middle];

		if (vm->pid < pid || (vm->pid == pid && vm->start_ns < start_ns))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct vm *vms__insert(struct vms *vms, size_t place, const struct identity *identity)
{
	struct vm *vm;

	if (vms->count == vms->capacity) {
		size_t capacity = vms->capacity ? vms->capacity * 2 : 16;
		void *list = reallocarray(vms->list, capacity, sizeof(*vms->list));

		if (!list)
			return NULL;
		vms->list = list;
		vms->capacity = capacity;
	}
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return NULL;
	vm->pid = identity->vm_pid;
	vm->start_ns = identity->vm_start_ns;
	vm->seen = vms->sweeps;
	vm__read(vm, vms->proc, identity->vm_comm);
	vm->chosen = passes(vms, vm);
	memmove(vms->list + place + 1, vms->list + place,
		(vms->count - place) * sizeof(*vms->list));
	vms->list[place] = vm;
	vms->count++;
	return vm;
}

struct vm *vms__get(struct vms *vms, const struct identity *identity)
{
	size_t place;

	if (!identity->vm_start_ns)
		return vms__find(vms, identity->vm_pid);
	place = vms__place(vms, identity->vm_pid, identity->vm_start_ns);

	if (place < vms->count && vms->list[place]->pid == identity->vm_pid &&
	    vms->list[place]->start_ns == identity->vm_start_ns)
		return vms->list[place];
	if (!identity->is_vcpu)
		return NULL;
	return vms__insert(vms, place, identity);
}

struct vm *vms__find(const struct vms *vms, uint32_t pid)
{
	size_t place = vms__place(vms, pid + 1, 0);

	/* The latest process with this PID stands last. */
	if (!place || vms->list[place - 1]->pid != pid)
		return NULL;
	return vms->list[place - 1];
}

void vms__add_thread(struct vms *vms, const struct identity *identity, int change)
{
	struct vm *vm = vms__get(vms, identity);

	if (vm && (change > 0 || vm->threads))
		vm->threads += (uint32_t)change;
}

void vms__keep_exited(struct vms *vms, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct thread_snapshot *thread = &snapshot->threads[i];
		struct vm *vm;

		if (thread->state != STATE_GONE || !thread->identity.is_vcpu)
			continue;
		vm = vms__get(vms, &thread->identity);
		if (vm)
			figures__add(&vm->exited, &thread->figures);
	}
}

uint32_t vms__count_others(const struct vms *vms)
{
	uint32_t others = 0;

	for (size_t i = 0; i < vms->count; i++)
		others += vms->list[i]->threads && !vms->list[i]->chosen;
	return others;
}

static int compare_names(const void *left, const void *right)
{
	const struct vm *const *a = left, *const *b = right;

	return strcmp(full_name(*a), full_name(*b));
}

/* Those that are there at the same time: one that is started again is called what it was. */
static void tell_twins_apart(struct vms *vms)
{
	struct vm **named = calloc(vms->count + 1, sizeof(*named));
	size_t count = 0;

	for (size_t i = 0; named && i < vms->count; i++)
		if (vms->list[i]->full_name && vms->list[i]->seen == vms->sweeps)
			named[count++] = vms->list[i];
	if (count)
		qsort(named, count, sizeof(*named), compare_names);
	for (size_t i = 0; i < count; i++)
		vm__show_name(named[i], named[i]->full_name,
			      (i && !compare_names(&named[i - 1], &named[i])) ||
				      (i + 1 < count && !compare_names(&named[i], &named[i + 1])));
	free(named);
}

void vms__sweep(struct vms *vms, const struct snapshot *snapshot)
{
	size_t kept = 0;

	vms->sweeps++;
	for (size_t i = 0; i < snapshot->count; i++) {
		struct vm *vm = vms__get(vms, &snapshot->threads[i].identity);

		if (vm)
			vm->seen = vms->sweeps;
	}
	for (size_t i = 0; i < vms->count; i++) {
		struct vm *vm = vms->list[i];

		if (vm->threads || vm->seen + 2 > vms->sweeps)
			vms->list[kept++] = vm;
		else
			vm__free(vm);
	}
	vms->count = kept;
	tell_twins_apart(vms);
}

int vm__from_process(struct vm *vm, const char *proc, uint32_t pid)
{
	char comm[COMM_SIZE + 1];
	uint64_t ticks;

	if (process_start_ticks(proc, pid, &ticks) ||
	    read_file(comm, sizeof(comm), "%s/%u/comm", proc, pid) < 0)
		return -ESRCH;
	comm[strcspn(comm, "\n")] = '\0';
	*vm = (struct vm){ .pid = pid,
			   .start_ns = ticks * (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK)) };
	vm__read(vm, proc, comm);
	return 0;
}

void vm__release(struct vm *vm)
{
	free(vm->cgroup);
	free(vm->full_name);
}

struct name_search {
	const char *proc;
	const char *name;
	bool found;
};

static void search_process(void *context, uint32_t pid)
{
	struct name_search *search = context;
	struct vm vm;

	if (search->found || vm__from_process(&vm, search->proc, pid))
		return;
	search->found = matches_name(&vm, search->name);
	vm__release(&vm);
}

const char *vms__missing_name(const struct vms *vms, struct vm_refusals *refusals)
{
	*refusals = (struct vm_refusals){ 0 };
	for (size_t i = 0; i < vms->filter.name_count; i++) {
		struct name_search search = { .proc = vms->proc, .name = vms->filter.names[i] };

		for (size_t j = 0; j < vms->count && !search.found; j++)
			search.found = matches_name(vms->list[j], search.name);
		if (!search.found)
			vms__scan(vms->proc, search_process, &search, refusals);
		if (!search.found)
			return search.name;
	}
	return NULL;
}
