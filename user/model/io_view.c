// SPDX-License-Identifier: GPL-2.0-only
#include "model/io_view.h"

#include <stdio.h>

#include "model/view.h"

static struct list *list_of(const struct io_view *view, enum io_set set)
{
	/* A set's place is in the whole view. */
	return (struct list *)((char *)view - offsetof(struct view, io) + io_sets[set].list);
}

void io_view__clear(struct io_view *view)
{
	struct io_view empty = { 0 };

	for (int set = IO_SET_VMS; set < IO_SETS; set++) {
		struct list *list = list_of(view, (enum io_set)set);

		list->count = 0;
		*list_of(&empty, (enum io_set)set) = *list;
	}
	*view = empty;
}

void io_view__free(struct io_view *view)
{
	for (int set = IO_SET_VMS; set < IO_SETS; set++)
		list__free(list_of(view, (enum io_set)set));
	*view = (struct io_view){ 0 };
}

void io_view__sort(struct io_view *view, enum io_set set)
{
	set__sort(&io_sets[set], list_of(view, set));
}

const void *io_view__find(const struct io_view *view, enum io_set set, const void *item)
{
	return set__find(&io_sets[set], list_of(view, set), item);
}

const void *io_view__find_part(const struct io_view *view, enum io_set set, uint32_t keys,
			       const void *item, size_t *count)
{
	return set__find_part(&io_sets[set], keys, list_of(view, set), item, count);
}

const struct io_vm *io_view__vm(const struct io_view *view, uint32_t pid)
{
	const struct io_vm key = { .pid = pid };
	size_t count;

	return io_view__find_part(view, IO_SET_VMS, 1, &key, &count);
}

const struct io_disk *io_view__disks(const struct io_view *view, const struct io_vm *vm,
				     size_t *count)
{
	struct io_disk key;

	key.vm_pid = vm->pid;
	key.vm_start_ns = vm->start_ns;
	return io_view__find_part(view, IO_SET_DISKS, 2, &key, count);
}

const struct io_disk *io_view__disk(const struct io_view *view, const struct io_vm *vm, uint32_t id)
{
	struct io_disk key;

	key.vm_pid = vm->pid;
	key.vm_start_ns = vm->start_ns;
	key.id = id;
	return io_view__find(view, IO_SET_DISKS, &key);
}

const struct io_leaf *io_view__leaves(const struct io_view *view, const struct io_disk *disk,
				      size_t *count)
{
	const struct io_leaf key = { .vm_pid = disk->vm_pid,
				     .vm_start_ns = disk->vm_start_ns,
				     .disk = disk->id };

	return io_view__find_part(view, IO_SET_LEAVES, 3, &key, count);
}

const struct io_device *io_view__device(const struct io_view *view, uint32_t dev)
{
	const struct io_device key = { .dev = dev };

	return io_view__find(view, IO_SET_DEVICES, &key);
}

const struct io_guest *io_view__guest(const struct io_view *view, const struct io_vm *vm)
{
	struct io_guest key;

	key.vm_pid = vm->pid;
	key.vm_start_ns = vm->start_ns;
	return io_view__find(view, IO_SET_GUESTS, &key);
}

const struct io_guest_disk *io_view__guest_disks(const struct io_view *view,
						 const struct io_guest *guest, bool first,
						 size_t *count)
{
	const struct io_guest_disk key = { .vm_pid = guest->vm_pid,
					   .vm_start_ns = guest->vm_start_ns,
					   .first = first };

	return io_view__find_part(view, IO_SET_GUEST_DISKS, 3, &key, count);
}

const struct io_guest_disk *io_view__guest_disk(const struct io_view *view,
						const struct io_guest *guest, bool first,
						const char *name)
{
	struct io_guest_disk key = { .vm_pid = guest->vm_pid,
				     .vm_start_ns = guest->vm_start_ns,
				     .first = first };

	snprintf(key.name, sizeof(key.name), "%s", name);
	return io_view__find(view, IO_SET_GUEST_DISKS, &key);
}

const struct io_guest_flow *io_view__guest_flow(const struct io_view *view,
						const struct io_guest_disk *disk, enum io_op op)
{
	struct io_guest_flow key;

	key.vm_pid = disk->vm_pid;
	key.vm_start_ns = disk->vm_start_ns;
	key.first = disk->first;
	key.op = op;
	snprintf(key.disk, sizeof(key.disk), "%s", disk->name);
	return io_view__find(view, IO_SET_GUEST_FLOWS, &key);
}

const char *disk_backing__name(enum disk_backing backing)
{
	static const char *const names[] = {
		[DISK_UNKNOWN] = "unknown",
		[DISK_BLOCK] = "device",
		[DISK_FILE] = "file",
		[DISK_NETWORK] = "network",
		[DISK_VHOST_USER] = "vhost-user",
		[DISK_VHOST_SCSI] = "vhost-scsi",
	};

	return names[backing];
}
