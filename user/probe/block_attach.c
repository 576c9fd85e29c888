// SPDX-License-Identifier: GPL-2.0-only
/* When the programs at the block layer run, and what they cost. */
#include <string.h>
#include <sys/mman.h>

#include "probe/block_internal.h"

void block_probe__start(struct block_probe *probe)
{
	probe->skeleton->bss->enabled = true;
}

/* Of what was in flight, the end was not seen; its address is another's by now. */
static int forget_pending(const struct block_probe *probe)
{
	struct shared_array pending = { 0 };
	struct block_bucket *buckets;
	int error = map_array(&pending, probe->skeleton->maps.pending, PROT_READ | PROT_WRITE);

	if (error)
		return error;
	buckets = pending.data;
	for (uint32_t i = 0; i < BLOCK_BUCKETS; i++)
		memset(buckets[i].keys, 0, sizeof(buckets[i].keys));
	unmap_array(&pending);
	return 0;
}

/* All of a slot but whose it is. */
static void clear_counters(struct block_slot *slot)
{
	slot->issued = slot->requeued = 0;
	slot->completed = slot->bytes = slot->failed = 0;
	memset(slot->layers, 0, sizeof(slot->layers));
}

/* Nobody writes meanwhile: the programs that ran when they were detached have ended long since. */
static int begin_anew(struct block_probe *probe)
{
	struct block_slot *slots = probe->slots.data;
	uint32_t used;
	int error = block_flows_used(probe, &used);

	if (error)
		return error;
	for (uint32_t i = 0; i < used; i++)
		if (slots[i].used)
			clear_counters(&slots[i]);
	return forget_pending(probe);
}

int block_probe__attach(struct block_probe *probe)
{
	int error = probe->slots.data ? begin_anew(probe) : block_map_slots(probe);

	if (!error)
		error = block_bpf__attach(probe->skeleton);
	if (error)
		block_bpf__detach(probe->skeleton);
	return error;
}

void block_probe__detach(struct block_probe *probe)
{
	probe->skeleton->bss->enabled = false;
	block_bpf__detach(probe->skeleton);
}

struct run_cost block_probe__cost(const struct block_probe *probe)
{
	const struct block_counts *counts = &probe->skeleton->bss->counts;

	return (struct run_cost){ .runs = counts->samples * BLOCK_COST_SAMPLE,
				  .samples = counts->samples,
				  .sample_ns = counts->sample_ns };
}
