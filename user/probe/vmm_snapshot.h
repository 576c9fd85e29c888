/* SPDX-License-Identifier: GPL-2.0-only */
/* How the VMM probe fills its snapshot. */
#ifndef KVMQ_VMM_SNAPSHOT_H
#define KVMQ_VMM_SNAPSHOT_H

#include "bpf/vmm.h"
#include "probe/vmm.h"

/* Adds what the kernel has counted of one type of request, which is op. 0 or -ENOMEM. */
int vmm_snapshot__take(struct vmm_snapshot *snapshot, const struct vmm_key *key, enum io_op op,
		       const struct vmm_requests *requests);

/* Orders the flows, and joins those whose types mean the same op. */
void vmm_snapshot__join(struct vmm_snapshot *snapshot);

#endif
