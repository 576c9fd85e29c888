// SPDX-License-Identifier: GPL-2.0-only
#include "model/choice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool options__choose(const struct options *options)
{
	return options->vm_count || options->cgroup;
}

bool vm__is_named(const struct vm *vm, const char *wanted)
{
	char name[VM_SHOWN_SIZE], *end;

	memcpy(name, vm->name, sizeof(name));
	end = strrchr(name, '-');
	if (vm->has_pid_added && end)
		*end = '\0';
	return vm__matches(vm, name, wanted);
}

/* The path in the hierarchy, without the mount and without "/" at either end. */
static const char *path_in_hierarchy(const char *cgroup, size_t *length)
{
	static const char mount[] = "/sys/fs/cgroup";
	const size_t mount_length = sizeof(mount) - 1;

	if (!strncmp(cgroup, mount, mount_length) &&
	    (!cgroup[mount_length] || cgroup[mount_length] == '/'))
		cgroup += mount_length;
	cgroup += strspn(cgroup, "/");
	*length = strlen(cgroup);
	while (*length && cgroup[*length - 1] == '/')
		(*length)--;
	return cgroup;
}

bool vm__is_below(const struct vm *vm, const char *cgroup)
{
	size_t length;
	const char *path = path_in_hierarchy(cgroup, &length);

	if (vm->cgroup[0] != '/' || strncmp(vm->cgroup + 1, path, length) != 0)
		return false;
	return !length || !vm->cgroup[1 + length] || vm->cgroup[1 + length] == '/';
}

/* Earlier versions recorded only the cgroup that requests are booked on. */
struct vm io_vm__identity(const struct io_vm *vm)
{
	struct vm identity = { .pid = vm->pid,
			       .start_ns = vm->start_ns,
			       .chosen = vm->chosen,
			       .has_pid_added = vm->has_pid_added };

	memcpy(identity.name, vm->name, sizeof(identity.name));
	memcpy(identity.uuid, vm->uuid, sizeof(identity.uuid));
	memcpy(identity.id, vm->proxmox_id, sizeof(identity.id));
	memcpy(identity.cgroup, *vm->own_cgroup ? vm->own_cgroup : vm->cgroup,
	       sizeof(identity.cgroup));
	return identity;
}

static bool is_wanted(const struct vm *vm, const struct options *options)
{
	if (!vm->chosen || (options->cgroup && !vm__is_below(vm, options->cgroup)))
		return false;
	for (size_t i = 0; i < options->vm_count; i++)
		if (vm__is_named(vm, options->vms[i]))
			return true;
	return !options->vm_count;
}

/* Drops the items of a list that do not belong to the view any more. */
static void keep(struct list *list, size_t size, const struct view *view,
		 bool (*is_kept)(const struct view *view, const void *item))
{
	char *to = list->items, *from = list->items;

	for (size_t i = 0; i < list->count; i++, from += size) {
		if (!is_kept(view, from))
			continue;
		if (to != from)
			memcpy(to, from, size);
		to += size;
	}
	if (list->count)
		list->count = (size_t)(to - (char *)list->items) / size;
}

#define KEEP(of, view, is_kept) keep(&(of)->all, sizeof(*(of)->list), view, is_kept)

static bool has_chosen(const struct view *view, uint32_t pid, uint64_t start_ns)
{
	const struct vm *vm = snapshot__vm(&view->sched, pid, start_ns);

	return vm && vm->chosen;
}

static bool of_chosen(const struct view *view, const struct identity *identity)
{
	return has_chosen(view, identity->vm_pid, identity->vm_start_ns);
}

static bool keeps_thread(const struct view *view, const void *item)
{
	return of_chosen(view, &((const struct thread_snapshot *)item)->identity);
}

static bool keeps_overlap(const struct view *view, const void *item)
{
	return has_chosen(view, ((const struct overlap *)item)->vm_pid, 0);
}

static bool keeps_limit(const struct view *view, const void *item)
{
	const struct cgroup_limit *limit = item;

	return has_chosen(view, limit->vm_pid, limit->vm_start_ns);
}

static bool keeps_numa_vm(const struct view *view, const void *item)
{
	const struct numa_vm *vm = item;

	return has_chosen(view, vm->pid, vm->start_ns);
}

static bool keeps_wait(const struct view *view, const void *item)
{
	return of_chosen(view, &((const struct named_wait *)item)->event.identity);
}

static bool keeps_exit(const struct view *view, const void *item)
{
	return of_chosen(view, &((const struct named_exit *)item)->event.identity);
}

static bool keeps_burst(const struct view *view, const void *item)
{
	return of_chosen(view, &((const struct named_burst *)item)->event.identity);
}

/* For items that begin with a thread's id: whether that thread is still in the view. */
static bool keeps_id(const struct view *view, const void *item)
{
	return list_find(&view->sched.threads, item, compare_ids);
}

/* Where an unwanted VM appears in a view. */
struct traces {
	bool runs;  /* a thread of it that is followed has not exited */
	bool named; /* a wanted VM has waited for one of its threads */
};

static struct traces *traces_of(const struct snapshot *sched, struct traces *traces, uint32_t pid,
				uint64_t start_ns)
{
	const struct vm *vm = pid ? snapshot__vm(sched, pid, start_ns) : NULL;

	return vm ? &traces[vm - sched->vms.list] : NULL;
}

static void find_running(const struct snapshot *sched, struct traces *traces)
{
	for (size_t i = 0; i < sched->threads.count; i++) {
		const struct thread_snapshot *thread = &sched->threads.list[i];
		struct traces *of = traces_of(sched, traces, thread->identity.vm_pid,
					      thread->identity.vm_start_ns);

		if (of && thread->state != STATE_GONE)
			of->runs = true;
	}
}

static void find_named(const struct snapshot *sched, struct traces *traces)
{
	for (size_t i = 0; i < sched->blame.count; i++) {
		const struct offender *offender = &sched->blame.list[i].offender;
		struct traces *of = traces_of(sched, traces, offender->vm_pid, 0);

		if (!of)
			of = traces_of(sched, traces, offender__vhost_pid(offender), 0);
		if (of)
			of->named = true;
	}
}

static void choose_vms(struct snapshot *sched, const struct options *options)
{
	for (size_t i = 0; i < sched->vms.count; i++)
		sched->vms.list[i].chosen = is_wanted(&sched->vms.list[i], options);
}

static void count_others(struct snapshot *sched, const struct traces *traces)
{
	for (size_t i = 0; i < sched->vms.count; i++)
		sched->other_vms += traces[i].runs && !sched->vms.list[i].chosen;
	for (size_t i = 0; i < sched->threads.count; i++) {
		const struct thread_snapshot *thread = &sched->threads.list[i];
		const struct vm *vm = snapshot__vm_of(sched, &thread->identity);

		sched->other_vcpus += thread->identity.is_vcpu && thread->state != STATE_GONE &&
				      !(vm && vm->chosen);
	}
}

static void drop_vms(struct snapshot *sched, const struct traces *traces)
{
	size_t kept = 0;

	for (size_t i = 0; i < sched->vms.count; i++)
		if (sched->vms.list[i].chosen || traces[i].named)
			sched->vms.list[kept++] = sched->vms.list[i];
	sched->vms.count = kept;
}

static int choose_threads(struct view *view, const struct options *options)
{
	struct snapshot *sched = &view->sched;
	struct traces *traces = calloc(sched->vms.count + 1, sizeof(*traces));

	if (!traces)
		return -ENOMEM;
	find_running(sched, traces);
	choose_vms(sched, options);
	count_others(sched, traces);
	KEEP(&sched->threads, view, keeps_thread);
	KEEP(&sched->overlaps, view, keeps_overlap);
	KEEP(&sched->blame, view, keeps_id);
	find_named(sched, traces);
	KEEP(&view->limits, view, keeps_limit);
	KEEP(&view->exits.threads, view, keeps_id);
	KEEP(&view->exits.reasons, view, keeps_id);
	KEEP(&view->numa.threads, view, keeps_id);
	KEEP(&view->numa.vms, view, keeps_numa_vm);
	KEEP(&view->waits, view, keeps_wait);
	KEEP(&view->slow_exits, view, keeps_exit);
	KEEP(&view->bursts, view, keeps_burst);
	drop_vms(sched, traces);
	free(traces);
	return 0;
}

/* If VMs share a cgroup, a wanted one stands for all, as in io_vms__owner(). */
static void stand_in(const struct io_view *io, struct io_whose *whose)
{
	const struct io_vm *vm = whose->vm_pid ? io_view__vm(io, whose->vm_pid) : NULL;

	if (whose->owner != IO_OWNER_UNKNOWN || !vm || vm->chosen || !vm->cgroup_of_vms)
		return;
	for (size_t i = 0; i < io->vms.count; i++) {
		const struct io_vm *other = &io->vms.list[i];

		if (!other->chosen || other->cgroup_id != vm->cgroup_id)
			continue;
		whose->vm_pid = other->pid;
		whose->vm_start_ns = other->start_ns;
		return;
	}
}

static void choose_io(struct io_view *io, const struct options *options)
{
	for (size_t i = 0; i < io->vms.count; i++) {
		const struct vm identity = io_vm__identity(&io->vms.list[i]);

		io->vms.list[i].chosen = is_wanted(&identity, options);
	}
	for (size_t i = 0; i < io->block.flows.count; i++)
		stand_in(io, &io->block.flows.list[i].whose);
	for (size_t i = 0; i < io->events.count; i++)
		stand_in(io, &io->events.list[i].whose);
}

int view__choose(struct view *view, const struct options *options)
{
	if (!options__choose(options))
		return 0;
	choose_io(&view->io, options);
	return choose_threads(view, options);
}
