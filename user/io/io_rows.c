// SPDX-License-Identifier: GPL-2.0-only
#include "io/io_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/io_rows_internal.h"

static bool is_of(const struct io_row *row, const struct io_place *place)
{
	return row->kind == place->kind && row->vm == place->vm && row->disk == place->disk &&
	       row->dev == place->dev &&
	       (place->kind != IO_ROW_GUEST || !strcmp(row->guest_disk, place->guest_disk));
}

struct io_row *io_rows__get(struct io_rows *rows, const struct io_place *place, enum io_op op)
{
	struct io_row *row;

	for (size_t i = 0; i < rows->count; i++)
		if (rows->list[i].op == op && is_of(&rows->list[i], place))
			return &rows->list[i];
	if (rows->count == rows->capacity) {
		size_t capacity = rows->capacity ? rows->capacity * 2 : 16;
		void *list = reallocarray(rows->list, capacity, sizeof(*rows->list));

		if (!list)
			return NULL;
		rows->list = list;
		rows->capacity = capacity;
	}
	row = &rows->list[rows->count++];
	memset(row, 0, sizeof(*row));
	row->kind = place->kind;
	row->vm = place->vm;
	row->disk = place->disk;
	row->dev = place->dev;
	row->op = op;
	if (place->guest_disk)
		snprintf(row->guest_disk, sizeof(row->guest_disk), "%s", place->guest_disk);
	return row;
}

void io_rows__free(struct io_rows *rows)
{
	free(rows->list);
	*rows = (struct io_rows){ 0 };
}

void add_layer(struct io_row *row, enum io_layer layer, const struct latency *after,
	       const struct latency *before)
{
	struct latency difference;

	latency__subtract(&difference, after, before);
	latency__add(&row->layers[layer], &difference);
	row->known[layer] = true;
	row->spread_known[layer] = true;
}

/* Its VM went and another came in its place: what is counted is of the new one. */
static bool began_anew(const struct block_flow *after, const struct block_flow *before)
{
	return after->completed < before->completed || after->issued < before->issued ||
	       after->bytes < before->bytes || after->requeued < before->requeued ||
	       after->failed < before->failed;
}

static void add_flow(struct io_row *row, const struct io_moments *moments,
		     const struct block_flow *after)
{
	static const struct block_flow none;
	const struct block_flow *before = block_snapshot__find(&moments->before->block, after);
	bool throttling = !moments->after->block.throttling_missing;

	if (!before || began_anew(after, before))
		before = &none;
	row->on_host = true;
	row->figures_known = true;
	row->total.requests += after->completed;
	row->total.bytes += after->bytes;
	row->total.issued += after->issued;
	row->total.requeued += after->requeued;
	row->total.failed += after->failed;
	row->interval.requests += after->completed - before->completed;
	row->interval.bytes += after->bytes - before->bytes;
	row->interval.issued += after->issued - before->issued;
	row->interval.requeued += after->requeued - before->requeued;
	row->interval.failed += after->failed - before->failed;
	row->in_flight += after->issued - after->completed;
	for (int layer = 0; layer < HOST_LAYERS; layer++)
		if (layer != HOST_THROTTLED || throttling)
			add_layer(row, (enum io_layer)(IO_THROTTLED + layer), &after->layers[layer],
				  &before->layers[layer]);
}

/* How many of the VM's disks stand on a device; *disk is the last of them. */
static size_t disks_on(const struct io_vms *vms, const struct io_vm *vm, uint32_t dev,
		       const struct disk **disk)
{
	size_t count = 0;

	for (size_t i = 0; i < vm->disks->count; i++) {
		const struct disk *one = &vm->disks->list[i];

		if (one->dev != dev && !io_vms__disk_is_on(vms, one, dev))
			continue;
		*disk = one;
		count++;
	}
	return count;
}

/* Where a flow is shown by VM. False: nowhere. */
static bool find_place(struct io_place *place, const struct io_vms *vms,
		       const struct block_flow *flow)
{
	enum io_owner owner = io_vms__owner(vms, flow, &place->vm);

	if (owner == IO_OWNER_HOST || (place->vm && !place->vm->vm->chosen))
		return false;
	place->dev = flow->dev;
	if (owner == IO_OWNER_UNKNOWN || !place->vm) {
		place->kind = IO_ROW_UNKNOWN;
		return true;
	}
	place->kind = IO_ROW_VM;
	if (disks_on(vms, place->vm, flow->dev, &place->disk) == 1) {
		place->kind = IO_ROW_DISK;
		place->dev = 0;
	} else {
		place->disk = NULL;
	}
	return true;
}

static bool is_stacked(const struct io_vms *vms, uint32_t dev)
{
	const struct device *device = devices__find(vms->devices, dev);

	return device && device->slave_count;
}

/*
 * A request to a stacked device is counted where it ends, in a leaf; only where none of the
 * leaf's could be told to be this disk's, as behind a loop device's worker, by itself.
 */
static bool has_leaf_figures(const struct io_rows *rows, const struct io_place *place)
{
	for (size_t i = 0; i < rows->count; i++)
		if (is_of(&rows->list[i], place) && rows->list[i].on_leaf)
			return true;
	return false;
}

/*
 * The kernel's own flush serves all that wait for one, and has no owner. Where these are
 * known it is not another one of theirs.
 */
static bool serves_others(const struct block_snapshot *block, const struct block_flow *flow)
{
	if (flow->op != IO_FLUSH || flow->vm_pid || flow->cgroup_id)
		return false;
	for (size_t i = 0; i < block->flows.count; i++) {
		const struct block_flow *other = &block->flows.list[i];

		if (other->dev == flow->dev && other->op == IO_FLUSH &&
		    (other->vm_pid || other->cgroup_id))
			return true;
	}
	return false;
}

static int add_flows_by_vm(struct io_rows *rows, const struct io_moments *moments, bool stacked)
{
	const struct block_snapshot *block = &moments->after->block;

	for (size_t i = 0; i < block->flows.count; i++) {
		const struct block_flow *flow = &block->flows.list[i];
		struct io_place place = { 0 };
		struct io_row *row;

		if (is_stacked(moments->vms, flow->dev) != stacked || serves_others(block, flow) ||
		    !find_place(&place, moments->vms, flow) ||
		    (stacked && has_leaf_figures(rows, &place)))
			continue;
		row = io_rows__get(rows, &place, flow->op);
		if (!row)
			return -ENOMEM;
		add_flow(row, moments, flow);
		row->on_leaf |= !stacked;
	}
	return 0;
}

/*
 * The kernel's own flush serves all that wait for one: counted with those of no owner, and
 * their waits not again.
 */
static int add_flows_by_device(struct io_rows *rows, const struct io_moments *moments)
{
	const struct block_snapshot *block = &moments->after->block;

	for (size_t i = 0; i < block->flows.count; i++) {
		const struct block_flow *flow = &block->flows.list[i];
		struct io_place place = { .kind = IO_ROW_DEVICE, .dev = flow->dev };
		struct io_row *row;

		if (is_stacked(moments->vms, flow->dev) ||
		    (flow->op == IO_FLUSH && (flow->vm_pid || flow->cgroup_id)))
			continue;
		row = io_rows__get(rows, &place, flow->op);
		if (!row)
			return -ENOMEM;
		add_flow(row, moments, flow);
	}
	return 0;
}

/* Each disk has rows, whether it does anything or not. */
static int add_disks(struct io_rows *rows, const struct io_vms *vms)
{
	for (size_t i = 0; i < vms->count; i++) {
		const struct io_vm *vm = &vms->list[i];

		for (size_t j = 0; vm->vm->chosen && j < vm->disks->count; j++) {
			const struct io_place place = { .kind = IO_ROW_DISK,
							.vm = vm,
							.disk = &vm->disks->list[j] };

			if (!io_rows__get(rows, &place, IO_READ) ||
			    !io_rows__get(rows, &place, IO_WRITE))
				return -ENOMEM;
		}
	}
	return 0;
}

int io_rows__make(struct io_rows *rows, enum group_by by, const struct io_moments *moments)
{
	int error;

	rows->count = 0;
	if (by == BY_DEVICE) {
		error = add_flows_by_device(rows, moments);
		return error ? error : io_rows__finish(rows, moments);
	}
	error = add_disks(rows, moments->vms);
	if (!error)
		error = add_flows_by_vm(rows, moments, false);
	if (!error)
		error = add_flows_by_vm(rows, moments, true);
	if (!error)
		error = io_rows__add_vmm(rows, moments);
	if (!error)
		error = io_rows__add_queues(rows, moments);
	if (!error)
		error = io_rows__add_guests(rows, moments);
	return error ? error : io_rows__finish(rows, moments);
}

void io_view__free(struct io_view *view)
{
	block_snapshot__free(&view->block);
	vmm_snapshot__free(&view->vmm);
	virtqueue_snapshot__free(&view->queues);
	for (size_t i = 0; i < view->guest_count; i++) {
		free(view->guests[i].report);
		free(view->guests[i].first);
	}
	free(view->guests);
	*view = (struct io_view){ 0 };
}
