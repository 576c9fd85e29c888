// SPDX-License-Identifier: GPL-2.0-only
#include "model/io.h"

#include "model/io_sets.h"

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

void block_snapshot__sort(struct block_snapshot *snapshot)
{
	const struct set *set = &io_sets[IO_SET_BLOCK_FLOWS];
	struct block_flow *flows = snapshot->flows.list;
	size_t kept = 0;

	if (!snapshot->flows.count)
		return;
	set__sort(set, &snapshot->flows.all);
	for (size_t i = 1; i < snapshot->flows.count; i++) {
		if (!set__compare(set, &flows[kept], &flows[i]))
			set__add(set, &flows[kept], &flows[i]);
		else
			flows[++kept] = flows[i];
	}
	snapshot->flows.count = kept + 1;
}
