// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM that is started anew before its series have gone shares their labels with the one before.
 * Counters go on then: what the one before had is added to its heir's.
 */
#include <errno.h>
#include <string.h>

#include "cmd/daemon_sums_internal.h"

static int compare_labels(const struct vm_sums *a, const struct vm_sums *b)
{
	int order = strcmp(a->domain, b->domain);

	return order ? order : strcmp(a->uuid, b->uuid);
}

bool vm_sums__same_labels(const struct vm_sums *a, const struct vm_sums *b)
{
	return !compare_labels(a, b);
}

int vm_sums__compare(const struct vm_sums *a, const struct vm_sums *b)
{
	int order = compare_labels(a, b);

	if (!order)
		order = a->start_ns < b->start_ns ? -1 : a->start_ns > b->start_ns;
	return order ? order : a->pid < b->pid ? -1 : a->pid > b->pid;
}

static void add_all(uint64_t *sums, const uint64_t *more, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sums[i] += more[i];
}

static void add_coarse(struct coarse_sum *sum, const struct coarse_sum *more)
{
	add_all(sum->counts, more->counts, COARSE_BUCKETS);
	sum->sum_ns += more->sum_ns;
}

static int inherit_vcpus(struct vm_sums *heir, const struct vm_sums *gone)
{
	for (size_t i = 0; i < gone->vcpus.count; i++) {
		const struct vcpu_sums *from = &gone->vcpus.list[i];
		struct vcpu_sums *vcpu = vm_sums__vcpu(heir, from->vcpu);

		if (!vcpu)
			return -ENOMEM;
		vcpu->exits_known |= from->exits_known;
		vcpu->poll_known |= from->poll_known;
		vcpu->moves_known |= from->moves_known;
		vcpu->throttling_known |= from->throttling_known;
		add_all(vcpu->sums, from->sums, VCPU_SUMS);
		add_all(vcpu->waits, from->waits, COARSE_BUCKETS);
	}
	return 0;
}

static void inherit_reasons(struct vm_sums *heir, const struct vm_sums *gone)
{
	for (size_t i = 0; i < gone->reasons.count; i++) {
		const struct reason_sums *from = &gone->reasons.list[i];
		struct reason_sums *reason = vm_sums__reason(heir, from->name);

		reason->count += from->count;
		reason->handle_ns += from->handle_ns;
	}
	heir->other_reasons.count += gone->other_reasons.count;
	heir->other_reasons.handle_ns += gone->other_reasons.handle_ns;
	add_coarse(&heir->handling, &gone->handling);
}

/* A pair without a place goes on from there when it gets one. */
static int inherit_pairs(struct vm_sums *heir, const struct vm_sums *gone)
{
	for (size_t i = 0; i < gone->pairs.count; i++) {
		const struct pair_sums *from = &gone->pairs.list[i];
		const struct pair_key key = { from->kind, from->vm_start_ns, from->vm_pid,
					      from->process };
		struct pair_sums *pair = vm_sums__pair(heir, &key);

		if (pair) {
			pair->ns += from->ns;
			continue;
		}
		pair = list_add(&heir->pairs);
		if (!pair)
			return -ENOMEM;
		*pair = *from;
		pair->placed = false;
		pair->total_ns = 0;
	}
	heir->other_blame_ns += gone->other_blame_ns;
	return 0;
}

static void inherit_disk(struct disk_sums *disk, const struct disk_sums *from)
{
	for (int op = 0; op < IO_OPS; op++)
		disk->ops_known[op] |= from->ops_known[op];
	add_all(disk->requests, from->requests, IO_OPS);
	add_all(disk->bytes, from->bytes, IO_OPS);
	for (int layer = 0; layer < IO_LAYERS; layer++) {
		disk->layers_known[layer] |= from->layers_known[layer];
		disk->layers[layer].count += from->layers[layer].count;
		disk->layers[layer].ns += from->layers[layer].ns;
	}
}

/* Those that the heir has, too; the others' series go. */
static void inherit_disks(struct vm_sums *heir, const struct vm_sums *gone)
{
	for (size_t i = 0; i < gone->disks.count; i++)
		for (size_t j = 0; j < heir->disks.count; j++)
			if (!strcmp(heir->disks.list[j].name, gone->disks.list[i].name))
				inherit_disk(&heir->disks.list[j], &gone->disks.list[i]);
	for (int layer = 0; layer < IO_LAYERS; layer++) {
		heir->io_spread_known[layer] |= gone->io_spread_known[layer];
		add_coarse(&heir->io[layer], &gone->io[layer]);
	}
}

int vm_sums__inherit(struct vm_sums *heir, const struct vm_sums *gone)
{
	add_coarse(&heir->waits, &gone->waits);
	heir->hazard_ns += gone->hazard_ns;
	heir->stalled_ns += gone->stalled_ns;
	heir->nodes_known |= gone->nodes_known;
	add_all(heir->run_node_ns, gone->run_node_ns, NODES_MAX);
	heir->faults_known |= gone->faults_known;
	add_all(heir->fault_pages, gone->fault_pages, FAULT_PLACES);
	heir->migrated_pages += gone->migrated_pages;
	inherit_reasons(heir, gone);
	inherit_disks(heir, gone);
	return inherit_vcpus(heir, gone) || inherit_pairs(heir, gone) ? -ENOMEM : 0;
}
