/* SPDX-License-Identifier: GPL-2.0-only */
/* What share of CPU time VMs may have by the weights of their cgroups, if all want it. */
#ifndef KVMQ_DIFF_SHARES_H
#define KVMQ_DIFF_SHARES_H

#include "model/view.h"
#include "why/facts.h"

/* A cgroup on the way to a VM's vCPUs. */
struct diff_share {
	const char *path;
	size_t parent; /* length of its parent's path */
	uint32_t weight;
	uint64_t sum; /* of the weights of all that have the same parent, and VMs */
};

struct diff_shares {
	LIST(struct diff_share); /* by parent and path */
};

/* Of the chosen VMs of a view, which must stay: 0 or -ENOMEM. */
int diff_shares__make(struct diff_shares *shares, const struct view *view);

/* Of a VM, among these: from 0 to 1; NAN: a weight on its way is not known. */
double diff_shares__of(const struct diff_shares *shares, const struct why_vm *vm);

void diff_shares__free(struct diff_shares *shares);

#endif
