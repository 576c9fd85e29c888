// SPDX-License-Identifier: GPL-2.0-only
#include "model/io.h"

void block_snapshot__clear(struct block_snapshot *snapshot)
{
	struct block_snapshot empty = { .flows.all = snapshot->flows.all };

	list_clear(&empty.flows);
	*snapshot = empty;
}

void vmm_snapshot__clear(struct vmm_snapshot *snapshot)
{
	struct vmm_snapshot empty = { .flows.all = snapshot->flows.all };

	list_clear(&empty.flows);
	*snapshot = empty;
}

void virtqueue_snapshot__clear(struct virtqueue_snapshot *snapshot)
{
	struct virtqueue_snapshot empty = { .flows.all = snapshot->flows.all };

	list_clear(&empty.flows);
	*snapshot = empty;
}

void block_snapshot__free(struct block_snapshot *snapshot)
{
	list_free(&snapshot->flows);
	*snapshot = (struct block_snapshot){ 0 };
}

void vmm_snapshot__free(struct vmm_snapshot *snapshot)
{
	list_free(&snapshot->flows);
	*snapshot = (struct vmm_snapshot){ 0 };
}

void virtqueue_snapshot__free(struct virtqueue_snapshot *snapshot)
{
	list_free(&snapshot->flows);
	*snapshot = (struct virtqueue_snapshot){ 0 };
}

static int compare_numbers(uint64_t left, uint64_t right)
{
	return left < right ? -1 : left > right;
}

static int compare_block_flows(const void *left, const void *right)
{
	const struct block_flow *a = left, *b = right;
	int order = compare_numbers(a->dev, b->dev);

	if (!order)
		order = compare_numbers(a->cgroup_id, b->cgroup_id);
	if (!order)
		order = compare_numbers(a->vm_pid, b->vm_pid);
	return order ? order : compare_numbers(a->op, b->op);
}

static void add_flow(struct block_flow *sum, const struct block_flow *flow)
{
	sum->issued += flow->issued;
	sum->completed += flow->completed;
	sum->bytes += flow->bytes;
	sum->requeued += flow->requeued;
	sum->failed += flow->failed;
	for (int layer = 0; layer < HOST_LAYERS; layer++)
		latency__add(&sum->layers[layer], &flow->layers[layer]);
}

void block_snapshot__sort(struct block_snapshot *snapshot)
{
	struct block_flow *flows = snapshot->flows.list;
	size_t kept = 0;

	if (!snapshot->flows.count)
		return;
	list_sort(&snapshot->flows, compare_block_flows);
	for (size_t i = 1; i < snapshot->flows.count; i++) {
		if (!compare_block_flows(&flows[kept], &flows[i]))
			add_flow(&flows[kept], &flows[i]);
		else
			flows[++kept] = flows[i];
	}
	snapshot->flows.count = kept + 1;
}

const struct block_flow *block_snapshot__find(const struct block_snapshot *snapshot,
					      const struct block_flow *flow)
{
	return list_find(&snapshot->flows, flow, compare_block_flows);
}

const struct vmm_flow *vmm_snapshot__find(const struct vmm_snapshot *snapshot,
					  const struct vmm_flow *flow)
{
	for (size_t i = 0; i < snapshot->flows.count; i++) {
		const struct vmm_flow *other = &snapshot->flows.list[i];

		if (other->vm_pid == flow->vm_pid && other->backend == flow->backend &&
		    other->disk == flow->disk && other->op == flow->op)
			return other;
	}
	return NULL;
}

const struct virtqueue_flow *virtqueue_snapshot__find(const struct virtqueue_snapshot *snapshot,
						      const struct virtqueue_flow *flow)
{
	for (size_t i = 0; i < snapshot->flows.count; i++) {
		const struct virtqueue_flow *other = &snapshot->flows.list[i];

		if (other->vm_pid == flow->vm_pid && other->disk == flow->disk &&
		    other->queue == flow->queue)
			return other;
	}
	return NULL;
}
