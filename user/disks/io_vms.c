// SPDX-License-Identifier: GPL-2.0-only
#include "disks/io_vms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "disks/io_vms_internal.h"

#define BUDGET_NS (2 * NSEC_PER_SEC)

int io_vms__init(struct io_vms *vms, const char *proc, const char *cgroups, const char *sys,
		 const struct vm_filter *filter)
{
	*vms = (struct io_vms){ .proc = proc,
				.cgroups = cgroups,
				.view = proc_view__read(proc),
				.budget_ns = BUDGET_NS };
	vms->registry = vms__new(proc, filter);
	vms->devices = devices__new(sys);
	if (vms->registry && vms->devices)
		return 0;
	io_vms__free(vms);
	return -ENOMEM;
}

void live_vm__free(struct live_vm *vm)
{
	if (vm->disks)
		disks__free(vm->disks);
	free(vm->disks);
	free(vm->cgroup);
}

void io_vms__forget(struct io_vms *vms)
{
	for (size_t i = 0; i < vms->count; i++)
		live_vm__free(&vms->list[i]);
	vms->count = 0;
}

void io_vms__free(struct io_vms *vms)
{
	io_vms__forget(vms);
	list_free(vms);
	vms__free(vms->registry);
	devices__free(vms->devices);
	list_free(&vms->users);
	list_free(&vms->holders);
	list_free(&vms->cgroup_users);
	scan_memory__free(&vms->scanned);
	disk_ids__free(&vms->disk_ids);
	*vms = (struct io_vms){ 0 };
}

int live_vm__compare(const void *left, const void *right)
{
	const struct live_vm *a = left, *b = right;

	return a->vm->pid < b->vm->pid ? -1 : a->vm->pid > b->vm->pid;
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
	struct vm vm = { .pid = pid };
	const struct live_vm wanted = { .vm = &vm };

	return list_find(vms, &wanted, live_vm__compare);
}

/* A VM that has a block device for a disk. */
struct device_user {
	uint32_t dev;
	const struct live_vm *vm;
};

/* A VM that has a cgroup. */
struct cgroup_user {
	uint64_t id;
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

static int find_cgroup_users(struct io_vms *vms)
{
	list_clear(&vms->cgroup_users);
	for (size_t i = 0; i < vms->count; i++) {
		struct cgroup_user *user;

		if (!vms->list[i].cgroup_id)
			continue;
		user = list_add(&vms->cgroup_users);
		if (!user)
			return -ENOMEM;
		*user = (struct cgroup_user){ vms->list[i].cgroup_id, &vms->list[i] };
	}
	list_sort(&vms->cgroup_users, compare_ids);
	return 0;
}

int io_vms__find_owners(struct io_vms *vms)
{
	int error = find_users(vms);

	if (!error)
		error = find_holders(vms);
	return error ? error : find_cgroup_users(vms);
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

/*
 * The only device that stands on this one, on all of it. NULL: there is none, or there are several.
 */
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
	/* Goes up through stacked devices as long as there is only one way. */
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

/* If VMs share a cgroup, one that is shown stands for all. */
static enum io_owner owner_by_cgroup(const struct io_vms *vms, uint64_t id,
				     const struct live_vm **vm)
{
	const struct cgroup_user *end = vms->cgroup_users.list + vms->cgroup_users.count;
	const struct cgroup_user *user = list_find(&vms->cgroup_users, &id, compare_ids);

	while (user && user > vms->cgroup_users.list && user[-1].id == id)
		user--;
	for (; user && user < end && user->id == id; user++) {
		const struct live_vm *one = user->vm;

		if (!*vm || (one->vm->chosen && !(*vm)->vm->chosen) ||
		    (one->vm->chosen == (*vm)->vm->chosen && one < *vm))
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
	/* If it belongs to another VM, which has ended, it is not this one's. */
	if (!flow->vm_pid && owner == IO_OWNER_HOST)
		one = io_vms__device_owner(vms, flow->dev);
	if (one) {
		*vm = one;
		return IO_OWNER_VM;
	}
	return flow->vm_pid ? IO_OWNER_UNKNOWN : owner;
}
