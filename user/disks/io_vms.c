// SPDX-License-Identifier: GPL-2.0-only
#include "disks/io_vms.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "host/proc.h"

#define REFRESH_MIN_NS (2 * NSEC_PER_SEC)
#define REFRESH_SHARE 200 /* of a CPU: one part in so many */

int io_vms__init(struct io_vms *vms, const char *proc, const char *cgroups, const char *sys,
		 const struct vm_filter *filter)
{
	*vms = (struct io_vms){ .proc = proc, .cgroups = cgroups, .view = proc_view__read(proc) };
	vms->registry = vms__new(proc, filter);
	vms->devices = devices__new(sys);
	if (vms->registry && vms->devices)
		return 0;
	io_vms__free(vms);
	return -ENOMEM;
}

static void io_vm__release(struct live_vm *vm)
{
	if (vm->disks)
		disks__free(vm->disks);
	free(vm->disks);
	free(vm->cgroup);
}

static void forget_list(struct io_vms *vms)
{
	for (size_t i = 0; i < vms->count; i++)
		io_vm__release(&vms->list[i]);
	vms->count = 0;
}

void io_vms__free(struct io_vms *vms)
{
	forget_list(vms);
	list_free(vms);
	vms__free(vms->registry);
	devices__free(vms->devices);
	list_free(&vms->users);
	list_free(&vms->holders);
	disk_ids__free(&vms->disk_ids);
	*vms = (struct io_vms){ 0 };
}

/*
 * The nearest cgroup above that has the io controller is what the block layer books a
 * request on: cgroups below it have no file io.stat. The root has none that is a VM's. 0 or
 * -ENOMEM.
 */
static int find_cgroup(const struct io_vms *vms, struct live_vm *vm)
{
	char path[PATH_MAX], file[PATH_MAX + 16];
	const char *cgroup = vms__cgroup(vms->registry, vm->vm->pid, vm->vm->start_ns);
	const char *own = cgroup ? cgroup : "/";
	size_t root = strlen(vms->cgroups);
	struct stat status;
	char *slash;

	if (snprintf(path, sizeof(path), "%s%s", vms->cgroups, own) >= (int)sizeof(path))
		return 0;
	while (strlen(path) > root + 1) {
		snprintf(file, sizeof(file), "%s/io.stat", path);
		if (!access(file, F_OK) && !stat(path, &status)) {
			/* A cgroup's id is its folder's inode: kernfs, 5.5 on 64 bits. */
			vm->cgroup = strdup(path + root);
			vm->cgroup_id = vm->cgroup ? status.st_ino : 0;
			return vm->cgroup ? 0 : -ENOMEM;
		}
		slash = strrchr(path, '/');
		*slash = '\0';
	}
	return 0;
}

struct refresh {
	struct io_vms *vms;
	int error;
};

static void found_vm(void *context, uint32_t pid)
{
	struct refresh *refresh = context;
	struct io_vms *vms = refresh->vms;
	struct identity identity = { .vm_pid = pid, .is_vcpu = true };
	struct vm probe;
	struct live_vm *vm;

	if (refresh->error || vm__from_process(&probe, vms->proc, pid))
		return; /* it has gone */
	identity.vm_start_ns = probe.start_ns;
	read_file(identity.vm_comm, sizeof(identity.vm_comm), "%s/%u/comm", vms->proc, pid);
	identity.vm_comm[strcspn(identity.vm_comm, "\n")] = '\0';
	vm = list_add(vms);
	if (vm)
		vm->vm = vms__get(vms->registry, &identity);
	if (vm && vm->vm)
		vm->disks = calloc(1, sizeof(*vm->disks));
	if (!vm || !vm->vm || !vm->disks || find_cgroup(vms, vm)) {
		refresh->error = -ENOMEM;
		return;
	}
	disks__read(vm->disks, vms->proc, pid);
	refresh->error = disk_ids__assign(&vms->disk_ids, vm->vm->start_ns, vm->disks);
}

static int compare_vms(const void *left, const void *right)
{
	const struct live_vm *a = left, *b = right;

	return a->vm->pid < b->vm->pid ? -1 : a->vm->pid > b->vm->pid;
}

/* A process of one cgroup that is neither this one nor the kernel's. */
static bool has_other(const struct io_vms *vms, const char *folder, uint32_t pid)
{
	char procs[65536], *rest = procs;
	bool found = false;

	/* In a threaded cgroup it cannot be read: its processes are in the one above. */
	if (read_file(procs, sizeof(procs), "%s/cgroup.procs", folder) <= 0)
		return false;
	for (char *word; !found && (word = strtok_r(rest, "\n", &rest));) {
		uint64_t other;

		found = !parse_number(word, 1, UINT32_MAX, &other) && other != pid &&
			!process_is_kernel_thread(vms->proc, (uint32_t)other);
	}
	return found;
}

/* The same of a cgroup and all below it. Where it is not known there may be one. */
static bool has_others(const struct io_vms *vms, const char *path, uint32_t pid)
{
	char top[PATH_MAX], *const tops[] = { top, NULL };
	bool found = false;
	FTSENT *entry;
	FTS *walk;

	if (snprintf(top, sizeof(top), "%s%s", vms->cgroups, path) >= (int)sizeof(top))
		return true;
	walk = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	if (!walk)
		return true;
	while (!found && (entry = fts_read(walk)))
		if (entry->fts_info == FTS_D)
			found = has_other(vms, entry->fts_path, pid);
	fts_close(walk);
	return found;
}

static void find_sharers(struct io_vms *vms)
{
	for (size_t i = 0; i < vms->count; i++) {
		struct live_vm *vm = &vms->list[i];

		if (!vm->cgroup_id)
			continue;
		for (size_t j = 0; j < vms->count; j++)
			if (j != i && vms->list[j].cgroup_id == vm->cgroup_id)
				vm->cgroup_of_vms = true;
		vm->cgroup_of_others = has_others(vms, vm->cgroup, vm->vm->pid);
	}
}

/* The registry forgets those that have gone. */
static void sweep(struct io_vms *vms)
{
	struct snapshot snapshot = { 0 };

	for (size_t i = 0; i < vms->count; i++) {
		struct thread_snapshot *thread = list_add(&snapshot.threads);

		if (!thread)
			break;
		*thread = (struct thread_snapshot){
			.identity = { .vm_pid = vms->list[i].vm->pid,
				      .vm_start_ns = vms->list[i].vm->start_ns }
		};
	}
	if (snapshot.threads.count == vms->count)
		vms__sweep(vms->registry, &snapshot);
	snapshot__free(&snapshot);
}

int io_vms__refresh(struct io_vms *vms, uint64_t now_ns)
{
	struct refresh refresh = { .vms = vms };
	uint64_t begin = clock_thread_cpu_ns(), period;
	int result;

	if (now_ns < vms->next_ns)
		return 0;
	forget_list(vms);
	disk_ids__begin(&vms->disk_ids);
	result = devices__read(vms->devices);
	if (!result)
		result = vms__scan(vms->proc, found_vm, &refresh, &vms->refusals);
	if (result || refresh.error) {
		/* One that is half there must not be looked at. */
		while (vms->count && !vms->list[vms->count - 1].disks)
			io_vm__release(&vms->list[--vms->count]);
		return result ? result : refresh.error;
	}
	list_sort(vms, compare_vms);
	find_sharers(vms);
	sweep(vms);
	period = (clock_thread_cpu_ns() - begin) * REFRESH_SHARE;
	vms->next_ns = now_ns + (period > REFRESH_MIN_NS ? period : REFRESH_MIN_NS);
	return 1;
}

void io_vms__missing(const struct io_vms *vms, char *text, size_t size)
{
	const char *reason = proc_view__reason(vms->view);

	if (reason)
		snprintf(text, size, "%s", reason);
	else
		vm_refusals__describe(&vms->refusals, text, size);
}

struct live_vm *io_vms__find(const struct io_vms *vms, uint32_t pid)
{
	for (size_t i = 0; i < vms->count; i++)
		if (vms->list[i].vm->pid == pid)
			return &vms->list[i];
	return NULL;
}

/* A VM that has a block device for a disk. */
struct device_user {
	uint32_t dev;
	const struct live_vm *vm;
};

/* A device that stands on another directly. */
struct device_holder {
	uint32_t dev;	 /* of that other one */
	uint32_t holder; /* its own */
	bool part;	 /* on a partition of it, or a file: others may have something there */
};

static int compare_users(const void *left, const void *right)
{
	const struct device_user *a = left, *b = right;

	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	return a->vm < b->vm ? -1 : a->vm > b->vm;
}

static int compare_holders(const void *left, const void *right)
{
	const struct device_holder *a = left, *b = right;

	return a->dev < b->dev ? -1 : a->dev > b->dev;
}

static int find_users(struct io_vms *vms)
{
	list_clear(&vms->users);
	for (size_t i = 0; i < vms->count; i++) {
		const struct disks *disks = vms->list[i].disks;

		for (size_t j = 0; j < disks->count; j++) {
			const struct disk *disk = &disks->list[j];
			struct device_user *user;

			if (disk->backing != DISK_BLOCK && disk->backing != DISK_VHOST_SCSI)
				continue;
			user = list_add(&vms->users);
			if (!user)
				return -ENOMEM;
			*user = (struct device_user){ disk->dev, &vms->list[i] };
		}
	}
	list_sort(&vms->users, compare_users);
	return 0;
}

static int find_holders(struct io_vms *vms)
{
	list_clear(&vms->holders);
	for (size_t i = 0; i < devices__count(vms->devices); i++) {
		const struct device *device = devices__at(vms->devices, i);

		for (size_t j = 0; j < device->slave_count; j++) {
			struct device_holder *holder = list_add(&vms->holders);

			if (!holder)
				return -ENOMEM;
			*holder = (struct device_holder){ device->slaves[j], device->dev,
							  device->has_part[j] };
		}
	}
	list_sort(&vms->holders, compare_holders);
	return 0;
}

int io_vms__find_owners(struct io_vms *vms)
{
	int error = find_users(vms);

	return error ? error : find_holders(vms);
}

/* How many VMs have a device; *user is one of them. */
static size_t count_users(const struct io_vms *vms, uint32_t dev, const struct live_vm **user)
{
	size_t low = 0, high = vms->users.count, count = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (vms->users.list[middle].dev < dev)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < vms->users.count && vms->users.list[low].dev == dev; low++) {
		count += !count || vms->users.list[low].vm != *user;
		*user = vms->users.list[low].vm;
	}
	return count;
}

/* The only device that stands on this one, on all of it. False: there are none, or several. */
static bool find_holder(const struct io_vms *vms, uint32_t dev, uint32_t *holder, bool *any)
{
	const struct device_holder key = { .dev = dev };
	const struct device_holder *found = list_find(&vms->holders, &key, compare_holders);
	const struct device_holder *end = vms->holders.list + vms->holders.count;

	*any = found;
	if (!found || found->part || (found > vms->holders.list && found[-1].dev == dev) ||
	    (found + 1 < end && found[1].dev == dev))
		return false;
	*holder = found->holder;
	return true;
}

const struct live_vm *io_vms__device_owner(const struct io_vms *vms, uint32_t dev)
{
	/* Up through what is stacked, for as long as there is one way. */
	for (int depth = 0; depth < 8; depth++) {
		const struct live_vm *user = NULL;
		size_t count = count_users(vms, dev, &user);
		bool held;
		bool one = find_holder(vms, dev, &dev, &held);

		if (count)
			return count == 1 && !held ? user : NULL;
		if (!one)
			return NULL;
	}
	return NULL;
}

/* Of those that share a cgroup, one that is shown stands for all. */
static enum io_owner owner_by_cgroup(const struct io_vms *vms, uint64_t id,
				     const struct live_vm **vm)
{
	for (size_t i = 0; i < vms->count; i++) {
		const struct live_vm *one = &vms->list[i];

		if (one->cgroup_id == id && (!*vm || (!(*vm)->vm->chosen && one->vm->chosen)))
			*vm = one;
	}
	if (!*vm)
		return IO_OWNER_HOST;
	return (*vm)->cgroup_of_vms || (*vm)->cgroup_of_others ? IO_OWNER_UNKNOWN : IO_OWNER_VM;
}

enum io_owner io_vms__owner(const struct io_vms *vms, const struct block_flow *flow,
			    const struct live_vm **vm)
{
	enum io_owner owner = IO_OWNER_HOST;
	const struct live_vm *one;

	*vm = NULL;
	if (flow->cgroup_id)
		owner = owner_by_cgroup(vms, flow->cgroup_id, vm);
	if (owner == IO_OWNER_VM || (*vm && (*vm)->cgroup_of_vms))
		return owner;
	one = flow->vm_pid ? io_vms__find(vms, flow->vm_pid) : NULL;
	/* Another VM's, that has ended, is not this one's. */
	if (!flow->vm_pid && owner == IO_OWNER_HOST)
		one = io_vms__device_owner(vms, flow->dev);
	if (one) {
		*vm = one;
		return IO_OWNER_VM;
	}
	return flow->vm_pid ? IO_OWNER_UNKNOWN : owner;
}
