// SPDX-License-Identifier: GPL-2.0-only
/* Puts the VMs, their disks and the devices into a view, and says which VM requests belong to. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "disks/io_vms.h"

static int add_vm(struct io_view *view, const struct live_vm *live)
{
	struct io_vm *vm = list_add(&view->vms);

	if (!vm)
		return -ENOMEM;
	vm->pid = live->vm->pid;
	vm->start_ns = live->vm->start_ns;
	vm->chosen = live->vm->chosen;
	vm->cgroup_id = live->cgroup_id;
	vm->cgroup_of_vms = live->cgroup_of_vms;
	vm->cgroup_of_others = live->cgroup_of_others;
	vm->disks_left_out = (uint32_t)live->disks->left_out;
	vm->options_refused = (uint32_t)live->disks->refused;
	snprintf(vm->name, sizeof(vm->name), "%s", live->vm->name);
	snprintf(vm->uuid, sizeof(vm->uuid), "%s", live->vm->uuid);
	memcpy(vm->proxmox_id, live->vm->id, sizeof(vm->proxmox_id));
	memcpy(vm->own_cgroup, live->vm->cgroup, sizeof(vm->own_cgroup));
	vm->has_pid_added = live->vm->has_pid_added;
	snprintf(vm->cgroup, sizeof(vm->cgroup), "%s", live->cgroup ? live->cgroup : "");
	return 0;
}

static int add_leaves(struct io_view *view, const struct devices *devices, struct io_disk *disk)
{
	const struct device *leaves[DEVICE_LEAVES_MAX];
	size_t count;

	if (!disk->dev)
		return 0;
	count = devices__leaves(devices, disk->dev, leaves, DEVICE_LEAVES_MAX);
	for (size_t i = 0; i < count && i < DEVICE_LEAVES_MAX; i++) {
		struct io_leaf *leaf = list_add(&view->leaves);

		if (!leaf)
			return -ENOMEM;
		*leaf = (struct io_leaf){ .vm_pid = disk->vm_pid,
					  .vm_start_ns = disk->vm_start_ns,
					  .disk = disk->id,
					  .place = (uint32_t)i,
					  .dev = leaves[i]->dev };
		disk->takes_bios |= leaves[i]->bio_based;
	}
	return 0;
}

static int add_disks(struct io_view *view, const struct live_vm *live,
		     const struct devices *devices)
{
	for (size_t i = 0; i < live->disks->count; i++) {
		const struct disk *from = &live->disks->list[i];
		struct io_disk *disk = list_add(&view->disks);

		if (!disk)
			return -ENOMEM;
		disk->vm_pid = live->vm->pid;
		disk->vm_start_ns = live->vm->start_ns;
		disk->id = from->id;
		disk->place = (uint32_t)i;
		disk->dev = from->dev;
		disk->backing = from->backing;
		disk->size_bytes = from->size_bytes;
		disk->no_device = from->no_device;
		disk->direct = from->direct;
		memcpy(disk->name, from->name, sizeof(disk->name));
		memcpy(disk->format, from->format, sizeof(disk->format));
		memcpy(disk->serial, from->serial, sizeof(disk->serial));
		memcpy(disk->address, from->address, sizeof(disk->address));
		secret_mask(disk->path, sizeof(disk->path), from->path);
		if (add_leaves(view, devices, disk))
			return -ENOMEM;
	}
	return 0;
}

static int add_devices(struct io_view *view, const struct devices *devices)
{
	for (size_t i = 0; i < devices__count(devices); i++) {
		const struct device *from = devices__at(devices, i);
		struct io_device *device = list_add(&view->devices);

		if (!device)
			return -ENOMEM;
		device->dev = from->dev;
		device->stacked = from->slave_count;
		device->bio_based = from->bio_based;
		memcpy(device->name, from->name, sizeof(device->name));
		memcpy(device->scheduler, from->scheduler, sizeof(device->scheduler));
	}
	return 0;
}

/* Two disks of one VM on one leaf. */
static void find_shared(struct io_disk *disks, size_t disk_count, const struct io_leaf *leaves,
			size_t leaf_count)
{
	for (size_t i = 0; i < leaf_count; i++) {
		bool shared = false;

		for (size_t j = 0; j < leaf_count && !shared; j++)
			shared = leaves[j].dev == leaves[i].dev && leaves[j].disk != leaves[i].disk;
		for (size_t j = 0; j < disk_count && shared; j++)
			disks[j].shares |= disks[j].id == leaves[i].disk;
	}
}

static int add_host(struct io_view *view, const struct io_vms *vms)
{
	for (size_t i = 0; i < vms->count; i++) {
		const struct live_vm *live = &vms->list[i];
		size_t disks = view->disks.count, leaves = view->leaves.count;

		if (add_vm(view, live) || add_disks(view, live, vms->devices))
			return -ENOMEM;
		find_shared(view->disks.list + disks, view->disks.count - disks,
			    view->leaves.list + leaves, view->leaves.count - leaves);
	}
	return add_devices(view, vms->devices);
}

/* The disk of a VM that is on a device, or is the device. */
static uint32_t find_disk(const struct io_view *view, const struct io_vm *vm, uint32_t dev)
{
	size_t disk_count, leaf_count;
	const struct io_disk *disks = io_view__disks(view, vm, &disk_count);
	uint32_t found = DISK_NO_ID;

	for (size_t i = 0; i < disk_count; i++) {
		const struct io_leaf *leaves = io_view__leaves(view, &disks[i], &leaf_count);
		bool is_on = disks[i].dev == dev;

		for (size_t j = 0; j < leaf_count && !is_on; j++)
			is_on = leaves[j].dev == dev;
		if (is_on && found != DISK_NO_ID)
			return DISK_SEVERAL;
		if (is_on)
			found = disks[i].id;
	}
	return found;
}

static struct io_whose find_whose(const struct io_vms *vms, const struct io_view *view,
				  const struct block_flow *flow)
{
	const struct io_device *device = io_view__device(view, flow->dev);
	struct io_whose whose = { .disk = DISK_NO_ID, .stacked = device && device->stacked };
	const struct live_vm *live;

	whose.owner = io_vms__owner(vms, flow, &live);
	if (!live)
		return whose;
	whose.vm_pid = live->vm->pid;
	whose.vm_start_ns = live->vm->start_ns;
	if (whose.owner == IO_OWNER_VM)
		whose.disk = find_disk(view, io_view__vm(view, whose.vm_pid), flow->dev);
	return whose;
}

void io_vms__describe_event(const struct io_vms *vms, const struct io_view *view,
			    struct io_event *event)
{
	const struct block_flow flow = { .dev = event->dev,
					 .vm_pid = event->vm_pid,
					 .cgroup_id = event->cgroup_id };

	event->whose = find_whose(vms, view, &flow);
}

static uint64_t start_of(const struct io_view *view, uint32_t pid)
{
	const struct io_vm *vm = io_view__vm(view, pid);

	return vm ? vm->start_ns : 0;
}

int io_vms__describe(struct io_vms *vms, struct io_view *view)
{
	list_clear(&view->vms);
	list_clear(&view->disks);
	list_clear(&view->leaves);
	list_clear(&view->devices);
	if (add_host(view, vms) || io_vms__find_owners(vms))
		return -ENOMEM;
	for (int set = IO_SET_VMS; set <= IO_SET_DEVICES; set++)
		io_view__sort(view, (enum io_set)set);
	for (size_t i = 0; i < view->block.flows.count; i++) {
		struct block_flow *flow = &view->block.flows.list[i];

		flow->whose = find_whose(vms, view, flow);
	}
	for (size_t i = 0; i < view->vmm.flows.count; i++)
		view->vmm.flows.list[i].vm_start_ns =
			start_of(view, view->vmm.flows.list[i].vm_pid);
	for (size_t i = 0; i < view->queues.flows.count; i++)
		view->queues.flows.list[i].vm_start_ns =
			start_of(view, view->queues.flows.list[i].vm_pid);
	io_view__sort(view, IO_SET_VMM_FLOWS);
	io_view__sort(view, IO_SET_RINGS);
	io_vms__missing(vms, view->missing.vms, sizeof(view->missing.vms));
	view->unseen = vms->refusals.count;
	vm_refusals__name(&vms->refusals, view->unseen_words, sizeof(view->unseen_words));
	return 0;
}
