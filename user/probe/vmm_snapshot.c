// SPDX-License-Identifier: GPL-2.0-only
#include "probe/vmm_snapshot.h"

#include <errno.h>
#include <string.h>

int vmm_snapshot__take(struct vmm_snapshot *snapshot, const struct vmm_key *key, enum io_op op,
		       const struct vmm_requests *requests)
{
	struct vmm_flow *flow = list_add(&snapshot->flows);

	if (!flow)
		return -ENOMEM;
	flow->vm_pid = key->pid;
	flow->disk = DISK_NO_ID;
	flow->backend = key->backend;
	flow->op = op;
	flow->bytes = requests->bytes;
	flow->latency.count = requests->count;
	flow->latency.sum_ns = requests->sum_ns;
	memcpy(flow->latency.hist, requests->hist, sizeof(flow->latency.hist));
	return 0;
}

static int compare_flows(const void *left, const void *right)
{
	const struct vmm_flow *a = left, *b = right;

	if (a->vm_pid != b->vm_pid)
		return a->vm_pid < b->vm_pid ? -1 : 1;
	if (a->backend != b->backend)
		return a->backend < b->backend ? -1 : 1;
	return (a->op > b->op) - (a->op < b->op);
}

void vmm_snapshot__join(struct vmm_snapshot *snapshot)
{
	size_t kept = 0;

	if (!snapshot->flows.count)
		return;
	list_sort(&snapshot->flows, compare_flows);
	for (size_t i = 1; i < snapshot->flows.count; i++) {
		struct vmm_flow *last = &snapshot->flows.list[kept];
		const struct vmm_flow *flow = &snapshot->flows.list[i];

		if (compare_flows(last, flow)) {
			snapshot->flows.list[++kept] = *flow;
		} else {
			last->bytes += flow->bytes;
			latency__add(&last->latency, &flow->latency);
		}
	}
	snapshot->flows.count = kept + 1;
}
