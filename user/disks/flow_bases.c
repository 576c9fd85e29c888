// SPDX-License-Identifier: GPL-2.0-only
#include "disks/flow_bases.h"

#include <errno.h>
#include <stdlib.h>

/* For one flow: which disk it belonged to last, and what had been counted when that disk came. */
struct flow_base {
	uint64_t cgroup_id;
	uint32_t dev;
	uint32_t vm_pid;
	enum io_op op;
	uint32_t disk;		 /* DISK_NO_ID: none's yet */
	struct block_flow *base; /* owned; NULL: nothing */
};

static int compare(const struct flow_base *base, const struct block_flow *flow)
{
	struct block_flow key;

	key.dev = base->dev;
	key.cgroup_id = base->cgroup_id;
	key.vm_pid = base->vm_pid;
	key.op = base->op;
	return set__compare(&io_sets[IO_SET_BLOCK_FLOWS], &key, flow);
}

/* What is in flight is the new disk's: the other one has gone. */
static int begin(struct flow_base *base, const struct block_flow *flow)
{
	if (!base->base)
		base->base = malloc(sizeof(*base->base));
	if (!base->base)
		return -ENOMEM;
	*base->base = *flow;
	base->base->issued = flow->completed;
	return 0;
}

static int follow(struct flow_base *base, const struct block_flow *flow, struct io_view *view)
{
	uint32_t disk = flow->whose.disk;
	struct block_flow *copy;

	if (disk == DISK_NO_ID)
		return 0;
	if (base->disk != DISK_NO_ID && base->disk != disk && begin(base, flow))
		return -ENOMEM;
	base->disk = disk;
	/* The kernel has given the slot to another VM with the same PID. */
	if (base->base && flow->completed < base->base->completed) {
		free(base->base);
		base->base = NULL;
	}
	if (!base->base)
		return 0;
	copy = list_add(&view->block_bases);
	if (!copy)
		return -ENOMEM;
	*copy = *base->base;
	return 0;
}

/* Those of flows that still exist move into now; the others have gone. */
static int carry_over(struct flow_bases *now, struct flow_bases *then, struct io_view *view)
{
	size_t at = 0;

	if (list_reserve(&now->list, view->block.flows.count))
		return -ENOMEM;
	for (size_t i = 0; i < view->block.flows.count; i++) {
		const struct block_flow *flow = &view->block.flows.list[i];
		struct flow_base *base = list_add(&now->list);
		int order = 1;

		*base = (struct flow_base){ .cgroup_id = flow->cgroup_id,
					    .dev = flow->dev,
					    .vm_pid = flow->vm_pid,
					    .op = flow->op,
					    .disk = DISK_NO_ID };
		while (at < then->list.count && (order = compare(&then->list.list[at], flow)) < 0)
			at++;
		if (!order) {
			*base = then->list.list[at];
			then->list.list[at++].base = NULL;
		}
		if (follow(base, flow, view))
			return -ENOMEM;
	}
	return 0;
}

int flow_bases__update(struct flow_bases *bases, struct io_view *view)
{
	struct flow_bases then = *bases;
	int error;

	list_clear(&view->block_bases);
	*bases = (struct flow_bases){ 0 };
	error = carry_over(bases, &then, view);
	flow_bases__free(&then);
	return error;
}

void flow_bases__free(struct flow_bases *bases)
{
	for (size_t i = 0; i < bases->list.count; i++)
		free(bases->list.list[i].base);
	list_free(&bases->list);
}
