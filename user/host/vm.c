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
#include "host/vm_cmdline.h"
#include "host/vm_config.h"
#include "host/vm_name.h"

#define LATELY_ASKED 256 /* PIDs: there may be thousands of pairs, of few VMs */

/* What is known of a VM beyond what a view holds. */
struct known_vm {
	struct vm vm;	  /* first: a pointer to it is a pointer to the rest */
	char *full_name;  /* NULL: it has none, and is shown by comm and PID */
	char *cgroup;	  /* in full; NULL: not read */
	uint32_t threads; /* that run, as vms__add_thread() was told */
	uint64_t seen;	  /* number of the last sweep that it survived */
	bool wanted;	  /* in the snapshot that is being filled */
};

struct vms {
	const char *proc;
	struct vm_filter filter;
	struct config_times config_times; /* since the last sweep */
	struct known_vm **list;		  /* by ascending PID and start */
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

static void known_vm__release(struct known_vm *known)
{
	free(known->full_name);
	free(known->cgroup);
}

static void known_vm__free(struct known_vm *known)
{
	known_vm__release(known);
	free(known);
}

void vms__free(struct vms *vms)
{
	if (!vms)
		return;
	for (size_t i = 0; i < vms->count; i++)
		known_vm__free(vms->list[i]);
	list_free(&vms->config_times);
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

static const char *full_name(const struct known_vm *known)
{
	return known->full_name ? known->full_name : known->vm.name;
}

/* Copies as much of a text as fits, and an end that replaces the rest. */
static void copy_with_end(char *copy, size_t size, const char *text, const char *end)
{
	text_copy(copy, size - strlen(end), text, strlen(text));
	strcat(copy, end);
}

/*
 * A name that is too long to be shown is still known in full, so that two names are never taken for
 * one; nor are they if another VM has the same name.
 */
static void vm__show_name(struct vm *vm, const char *name, bool has_twin)
{
	bool cut = strlen(name) >= sizeof(vm->name);
	char end[16] = "";

	if (cut || has_twin)
		snprintf(end, sizeof(end), "%s-%u", cut ? "..." : "", vm->pid);
	vm->has_pid_added = cut || has_twin;
	copy_with_end(vm->name, sizeof(vm->name), name, end);
}

static void known_vm__set_name(struct known_vm *known, const char *name)
{
	vm__show_name(&known->vm, name, false);
	known->full_name = strdup(name);
}

static void known_vm__set_cgroup(struct known_vm *known, const char *cgroup)
{
	bool cut = strlen(cgroup) >= sizeof(known->vm.cgroup);

	copy_with_end(known->vm.cgroup, sizeof(known->vm.cgroup), cgroup, cut ? "..." : "");
	known->cgroup = strdup(cgroup);
}

/* From the command line, or a file that it names; then from the cgroup. */
static bool find_name(struct vm_identity *identity, struct config_times *times, const char *proc,
		      uint32_t pid, const char *cgroup)
{
	for (size_t i = 0; i < identity->config_count && !identity->name[0]; i++)
		vm_config__name(times, proc, pid, identity->configs[i], identity->name);
	return identity->name[0] || (cgroup[0] && vm_name_from_cgroup(cgroup, identity->name));
}

/*
 * Read first, checked afterwards: if the process is the same after the reading, it was the same
 * during it.
 */
static void known_vm__read(struct known_vm *known, struct config_times *times, const char *proc,
			   const char *comm)
{
	char cmdline[VM_NAME_SIZE], cgroup[PATH_MAX];
	struct vm *vm = &known->vm;
	ssize_t size = read_file(cmdline, sizeof(cmdline), "%s/%u/cmdline", proc, vm->pid);
	struct vm_identity identity;
	bool named;

	if (process_cgroup(proc, vm->pid, cgroup, sizeof(cgroup)))
		cgroup[0] = '\0';
	vm_identity__read(&identity, cmdline, size > 0 ? (size_t)size : 0);
	named = find_name(&identity, times, proc, vm->pid, cgroup);
	snprintf(vm->name, sizeof(vm->name), "%.*s-%u", COMM_SIZE, comm, vm->pid);
	if (!same_process(proc, vm->pid, vm->start_ns))
		return;
	memcpy(vm->uuid, identity.uuid, sizeof(vm->uuid));
	memcpy(vm->id, identity.id, sizeof(vm->id));
	if (cgroup[0])
		known_vm__set_cgroup(known, cgroup);
	if (named)
		known_vm__set_name(known, identity.name);
}

static bool matches_name(const struct known_vm *known, const char *name)
{
	return vm__matches(&known->vm, full_name(known), name);
}

static bool passes(const struct vms *vms, const struct known_vm *known)
{
	const struct vm_filter *filter = &vms->filter;
	const struct vm *vm = &known->vm;

	if (filter->cgroup && !(cgroup_filter__holds(filter->cgroup, vms->proc, vm->pid) &&
				same_process(vms->proc, vm->pid, vm->start_ns)))
		return false;
	for (size_t i = 0; i < filter->name_count; i++)
		if (matches_name(known, filter->names[i]))
			return true;
	return !filter->name_count;
}

/* The first place whose VM is not before (pid, start_ns). */
static size_t vms__place(const struct vms *vms, uint32_t pid, uint64_t start_ns)
{
	const struct vm wanted = { .pid = pid, .start_ns = start_ns };
	size_t low = 0, high = vms->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (vm__compare(&vms->list[middle]->vm, &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct known_vm *vms__insert(struct vms *vms, size_t place, const struct identity *identity)
{
	struct known_vm *known;

	if (vms->count == vms->capacity) {
		size_t capacity = vms->capacity ? vms->capacity * 2 : 16;
		void *list = reallocarray(vms->list, capacity, sizeof(*vms->list));

		if (!list)
			return NULL;
		vms->list = list;
		vms->capacity = capacity;
	}
	known = calloc(1, sizeof(*known));
	if (!known)
		return NULL;
	known->vm.pid = identity->vm_pid;
	known->vm.start_ns = identity->vm_start_ns;
	known->seen = vms->sweeps;
	known_vm__read(known, &vms->config_times, vms->proc, identity->vm_comm);
	known->vm.chosen = passes(vms, known);
	memmove(vms->list + place + 1, vms->list + place,
		(vms->count - place) * sizeof(*vms->list));
	vms->list[place] = known;
	vms->count++;
	return known;
}

/* The latest process with a PID; or NULL. */
static struct known_vm *find_latest(const struct vms *vms, uint32_t pid)
{
	size_t place = vms__place(vms, pid + 1, 0);

	return place && vms->list[place - 1]->vm.pid == pid ? vms->list[place - 1] : NULL;
}

static struct known_vm *find_exact(const struct vms *vms, uint32_t pid, uint64_t start_ns)
{
	size_t place = vms__place(vms, pid, start_ns);
	struct known_vm *known = place < vms->count ? vms->list[place] : NULL;

	return known && known->vm.pid == pid && known->vm.start_ns == start_ns ? known : NULL;
}

/* As vms__get(). */
static struct known_vm *get_known(struct vms *vms, const struct identity *identity)
{
	uint32_t pid = identity->vm_pid;
	struct known_vm *known;

	if (!identity->vm_start_ns)
		return find_latest(vms, pid);
	known = find_exact(vms, pid, identity->vm_start_ns);
	if (known || !identity->is_vcpu)
		return known;
	return vms__insert(vms, vms__place(vms, pid, identity->vm_start_ns), identity);
}

static struct vm *vm_of(struct known_vm *known)
{
	return known ? &known->vm : NULL;
}

struct vm *vms__get(struct vms *vms, const struct identity *identity)
{
	return vm_of(get_known(vms, identity));
}

struct vm *vms__find(const struct vms *vms, uint32_t pid)
{
	return vm_of(find_latest(vms, pid));
}

const char *vms__cgroup(const struct vms *vms, uint32_t pid, uint64_t start_ns)
{
	const struct known_vm *known = find_exact(vms, pid, start_ns);

	return known ? known->cgroup : NULL;
}

void vms__add_thread(struct vms *vms, const struct identity *identity, int change)
{
	struct known_vm *known = get_known(vms, identity);

	if (known && (change > 0 || known->threads))
		known->threads += (uint32_t)change;
}

void vms__keep_exited(struct vms *vms, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->threads.count; i++) {
		const struct thread_snapshot *thread = &snapshot->threads.list[i];
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
		others += vms->list[i]->threads && !vms->list[i]->vm.chosen;
	return others;
}

static int compare_names(const void *left, const void *right)
{
	const struct known_vm *const *a = left, *const *b = right;

	return strcmp(full_name(*a), full_name(*b));
}

/* Whether its name looks like another VM's with a PID added: it ends with that VM's PID. */
static bool ends_with_other(const struct vms *vms, const struct known_vm *known)
{
	const char *dash = strrchr(known->full_name, '-');
	const struct known_vm *other;
	uint64_t pid;

	if (!dash || dash[1] == '0' || parse_number(dash + 1, 1, UINT32_MAX - 1, &pid))
		return false;
	other = find_latest(vms, (uint32_t)pid);
	return other && other != known && other->seen == vms->sweeps;
}

/*
 * Among VMs that exist at the same time: one that is started again keeps its name. No two are ever
 * shown by the same name, whatever they call themselves.
 */
static void tell_twins_apart(struct vms *vms)
{
	struct known_vm **named = calloc(vms->count + 1, sizeof(*named));
	size_t count = 0;

	for (size_t i = 0; named && i < vms->count; i++)
		if (vms->list[i]->full_name && vms->list[i]->seen == vms->sweeps)
			named[count++] = vms->list[i];
	if (count)
		qsort(named, count, sizeof(*named), compare_names);
	for (size_t i = 0; i < count; i++)
		vm__show_name(&named[i]->vm, named[i]->full_name,
			      (i && !compare_names(&named[i - 1], &named[i])) ||
				      (i + 1 < count && !compare_names(&named[i], &named[i + 1])) ||
				      ends_with_other(vms, named[i]));
	free(named);
}

void vms__sweep(struct vms *vms, const struct snapshot *snapshot)
{
	size_t kept = 0;

	vms->sweeps++;
	list_clear(&vms->config_times);
	for (size_t i = 0; i < snapshot->threads.count; i++) {
		struct known_vm *known = get_known(vms, &snapshot->threads.list[i].identity);

		if (known)
			known->seen = vms->sweeps;
	}
	for (size_t i = 0; i < vms->count; i++) {
		struct known_vm *known = vms->list[i];

		if (known->threads || known->seen + 2 > vms->sweeps)
			vms->list[kept++] = known;
		else
			known_vm__free(known);
	}
	vms->count = kept;
	tell_twins_apart(vms);
}

static void want(struct known_vm *known)
{
	if (known)
		known->wanted = true;
}

int vms__fill(struct vms *vms, struct snapshot *snapshot)
{
	uint32_t asked[LATELY_ASKED] = { 0 };

	for (size_t i = 0; i < vms->count; i++)
		vms->list[i]->wanted = vms->list[i]->seen == vms->sweeps;
	for (size_t i = 0; i < snapshot->blame.count; i++) {
		const struct offender *offender = &snapshot->blame.list[i].offender;

		if (asked[offender->vm_pid % LATELY_ASKED] != offender->vm_pid)
			want(find_latest(vms, offender->vm_pid));
		asked[offender->vm_pid % LATELY_ASKED] = offender->vm_pid;
		if (offender->kind == OFFENDER_KERNEL)
			want(find_latest(vms, offender__vhost_pid(offender)));
	}
	list_clear(&snapshot->vms);
	for (size_t i = 0; i < vms->count; i++) {
		struct vm *vm;

		if (!vms->list[i]->wanted)
			continue;
		vm = list_add(&snapshot->vms);
		if (!vm)
			return -ENOMEM;
		*vm = vms->list[i]->vm;
	}
	return 0;
}

static int known_vm__from_process(struct known_vm *known, struct config_times *times,
				  const char *proc, uint32_t pid)
{
	char comm[COMM_SIZE + 1];
	uint64_t ticks;
	int error = process_start_ticks(proc, pid, &ticks);

	if (!error)
		error = (int)read_file(comm, sizeof(comm), "%s/%u/comm", proc, pid);
	if (error < 0)
		return error == -ENOENT ? -ESRCH : error;
	comm[strcspn(comm, "\n")] = '\0';
	*known = (struct known_vm){ .vm = { .pid = pid } };
	known->vm.start_ns = ticks * (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	known_vm__read(known, times, proc, comm);
	return 0;
}

int vm__from_process(struct vm *vm, const char *proc, uint32_t pid)
{
	struct config_times times = { 0 };
	struct known_vm known;
	int error = known_vm__from_process(&known, &times, proc, pid);

	list_free(&times);
	if (error)
		return error;
	*vm = known.vm;
	known_vm__release(&known);
	return 0;
}

/* The names of the filter for which no VM was found yet come first. */
struct name_search {
	const char *proc;
	const char **names;
	size_t count;
	struct config_times config_times;
};

static void search_vm(struct name_search *search, const struct known_vm *known)
{
	size_t kept = 0;

	for (size_t i = 0; i < search->count; i++)
		if (!matches_name(known, search->names[i]))
			search->names[kept++] = search->names[i];
	search->count = kept;
}

static void search_process(void *context, uint32_t pid)
{
	struct name_search *search = context;
	struct known_vm known;

	if (!search->count ||
	    known_vm__from_process(&known, &search->config_times, search->proc, pid))
		return;
	search_vm(search, &known);
	known_vm__release(&known);
}

const char *vms__missing_name(const struct vms *vms, struct vm_refusals *refusals)
{
	const struct vm_filter *filter = &vms->filter;
	struct name_search search = { .proc = vms->proc, .count = filter->name_count };
	const char *missing;

	*refusals = (struct vm_refusals){ 0 };
	if (!filter->name_count)
		return NULL;
	search.names = calloc(filter->name_count, sizeof(*search.names));
	if (!search.names)
		return filter->names[0];
	memcpy(search.names, filter->names, filter->name_count * sizeof(*search.names));
	for (size_t i = 0; i < vms->count && search.count; i++)
		search_vm(&search, vms->list[i]);
	if (search.count)
		vms__scan(vms->proc, search_process, &search, refusals);
	missing = search.count ? search.names[0] : NULL;
	list_free(&search.config_times);
	free(search.names);
	return missing;
}
