// SPDX-License-Identifier: GPL-2.0-only
#include "io/io_rows.h"

#include <errno.h>

#include "io/io_rows_internal.h"

void io_rows__free(struct io_rows *rows)
{
	list_free(rows);
	pool__free(&rows->pool);
}

/* The VM went and another one has its slot: the counters are those of the new one. */
static bool began_anew(const struct block_flow *after, const struct block_flow *before)
{
	return after->completed < before->completed || after->issued < before->issued ||
	       after->bytes < before->bytes || after->requeued < before->requeued ||
	       after->failed < before->failed;
}

static const struct block_flow none;

/* What had been counted when the row's disk came, after another one. */
static const struct block_flow *find_base(const struct io_view *view, const struct io_row *row,
					  const struct block_flow *flow)
{
	const struct block_flow *base = NULL;

	if (row->disk)
		base = io_view__find(view, IO_SET_BLOCK_BASES, flow);
	return base ? base : &none;
}

/*
 * What had been counted at the beginning of the interval, or when the row's disk came, if that was
 * later.
 */
static const struct block_flow *find_before(const struct io_view *view,
					    const struct block_flow *after,
					    const struct block_flow *base)
{
	const struct block_flow *before = io_view__find(view, IO_SET_BLOCK_FLOWS, after);

	if (!before || began_anew(after, before))
		return base;
	return base != &none && before->whose.disk != after->whose.disk ? base : before;
}

static int add_flow(struct io_builder *builder, struct io_row *row, const struct block_flow *after)
{
	const struct block_flow *base = find_base(builder->after, row, after);
	const struct block_flow *before = find_before(builder->before, after, base);
	bool throttling = !*builder->after->block.throttling_missing;

	row->on_host = true;
	row->figures_known = true;
	row->total.requests += after->completed - base->completed;
	row->total.bytes += after->bytes - base->bytes;
	row->total.issued += after->issued - base->issued;
	row->total.requeued += after->requeued - base->requeued;
	row->total.failed += after->failed - base->failed;
	row->interval.requests += after->completed - before->completed;
	row->interval.bytes += after->bytes - before->bytes;
	row->interval.issued += after->issued - before->issued;
	row->interval.requeued += after->requeued - before->requeued;
	row->interval.failed += after->failed - before->failed;
	row->in_flight += after->issued - after->completed;
	for (int layer = 0; layer < HOST_LAYERS; layer++)
		if ((layer != HOST_THROTTLED || throttling) &&
		    add_layer(builder, row, (enum io_layer)(IO_THROTTLED + layer),
			      &after->layers[layer], &before->layers[layer]))
			return -ENOMEM;
	return 0;
}

/* Where a flow is shown by VM. False: nowhere. */
static bool find_place(struct io_place *place, const struct io_view *view,
		       const struct block_flow *flow)
{
	const struct io_whose *whose = &flow->whose;

	place->vm = whose->vm_pid ? io_view__vm(view, whose->vm_pid) : NULL;
	if (whose->owner == IO_OWNER_HOST || (place->vm && !place->vm->chosen))
		return false;
	place->dev = flow->dev;
	if (whose->owner == IO_OWNER_UNKNOWN || !place->vm) {
		place->kind = IO_ROW_UNKNOWN;
		return true;
	}
	place->kind = IO_ROW_VM;
	place->disk = io_view__disk(view, place->vm, whose->disk);
	if (place->disk) {
		place->kind = IO_ROW_DISK;
		place->dev = 0;
	}
	return true;
}

/*
 * The kernel's own flush serves all requests that wait for one, and has no owner. If the waiting
 * requests are known, it is not one more of theirs.
 */
static bool serves_others(const struct io_view *view, const struct block_flow *flow)
{
	size_t count;
	const struct block_flow *flows;

	if (flow->op != IO_FLUSH || flow->vm_pid || flow->cgroup_id)
		return false;
	flows = io_view__find_part(view, IO_SET_BLOCK_FLOWS, 1, flow, &count);
	for (size_t i = 0; i < count; i++)
		if (flows[i].op == IO_FLUSH && (flows[i].vm_pid || flows[i].cgroup_id))
			return true;
	return false;
}

/*
 * A request to a stacked device is counted where it ends, in a leaf. It is counted in the stacked
 * device only if no request of a leaf could be told to be this disk's, as behind a loop device's
 * worker. So leaves come first.
 */
static int add_flow_by_vm(struct io_builder *builder, const struct block_flow *flow)
{
	struct io_place place = { 0 };
	struct io_place_rows *rows;
	struct io_row *row;

	if (serves_others(builder->after, flow) || !find_place(&place, builder->after, flow))
		return 0;
	rows = io_builder__place(builder, &place);
	if (!rows)
		return -ENOMEM;
	if (flow->whose.stacked && rows->on_leaf)
		return 0;
	rows->on_leaf |= !flow->whose.stacked;
	row = io_builder__row(builder, &place, flow->op);
	return row ? add_flow(builder, row, flow) : -ENOMEM;
}

static int add_flows_by_vm(struct io_builder *builder, bool stacked)
{
	const struct block_snapshot *block = &builder->after->block;
	int error = 0;

	for (size_t i = 0; i < block->flows.count && !error; i++)
		if (block->flows.list[i].whose.stacked == stacked)
			error = add_flow_by_vm(builder, &block->flows.list[i]);
	return error;
}

/*
 * The kernel's own flush serves all that wait for one: it counts as a request without owner, and
 * the others' waits do not count twice.
 */
static int add_flows_by_device(struct io_builder *builder)
{
	const struct block_snapshot *block = &builder->after->block;

	for (size_t i = 0; i < block->flows.count; i++) {
		const struct block_flow *flow = &block->flows.list[i];
		const struct io_place place = { .kind = IO_ROW_DEVICE, .dev = flow->dev };
		struct io_row *row;

		if (flow->whose.stacked ||
		    (flow->op == IO_FLUSH && (flow->vm_pid || flow->cgroup_id)))
			continue;
		row = io_builder__row(builder, &place, flow->op);
		if (!row || add_flow(builder, row, flow))
			return -ENOMEM;
	}
	return 0;
}

/* Each disk has rows, whether it does anything or not. */
static int add_disks(struct io_builder *builder)
{
	const struct io_view *view = builder->after;

	for (size_t i = 0; i < view->vms.count; i++) {
		struct io_place place = { .kind = IO_ROW_DISK, .vm = &view->vms.list[i] };
		size_t count;
		const struct io_disk *disks = io_view__disks(view, place.vm, &count);

		for (size_t j = 0; place.vm->chosen && j < count; j++) {
			place.disk = &disks[j];
			if (!io_builder__row(builder, &place, IO_READ) ||
			    !io_builder__row(builder, &place, IO_WRITE))
				return -ENOMEM;
		}
	}
	return 0;
}

static int add_all_by_vm(struct io_builder *builder)
{
	int error = add_disks(builder);

	if (!error)
		error = add_flows_by_vm(builder, false);
	if (!error)
		error = add_flows_by_vm(builder, true);
	if (!error)
		error = io_rows__add_vmm(builder);
	if (!error)
		error = io_rows__add_queues(builder);
	return error ? error : io_rows__add_guests(builder);
}

/* What was counted before a restart is not compared with what comes after it. */
static struct io_builder begin(struct pool *pool, const struct view *before,
			       const struct view *after)
{
	static const struct io_view nothing;
	bool anew = before->io.since_ns != after->io.since_ns;

	return (struct io_builder){ .before = anew ? &nothing : &before->io,
				    .after = &after->io,
				    .begin_ns = anew ? after->io.since_ns : before->sched.time_ns,
				    .end_ns = after->sched.time_ns,
				    .pool = pool };
}

int io_rows__make(struct io_rows *rows, enum group_by by, const struct view *before,
		  const struct view *after)
{
	struct io_builder builder = begin(&rows->pool, before, after);
	int error;

	list_clear(rows);
	pool__reset(&rows->pool);
	error = by == BY_DEVICE ? add_flows_by_device(&builder) : add_all_by_vm(&builder);
	if (!error)
		error = io_rows__finish(rows, &builder);
	io_builder__free(&builder);
	return error;
}
