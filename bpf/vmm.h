/* SPDX-License-Identifier: GPL-2.0-only */
/* What vmm.bpf.c and user/probe/vmm.c share. */
#ifndef KVMQ_BPF_VMM_H
#define KVMQ_BPF_VMM_H

#include "hist.h"

#define VMM_FLOWS_MIN 4096
#define VMM_FLOWS 16384 /* at most */

/* Requests of one type of one disk of one VM. */
struct vmm_key {
	__u64 backend; /* address of the disk's accounting in the VMM */
	__u32 pid;
	__u32 type; /* the VMM's own number, whose meaning depends on its version */
};

/* Any thread may add to a counter, so each addition is atomic. */
struct vmm_requests {
	__u64 count;
	__u64 sum_ns;
	__u64 bytes;
	__u32 hist[HIST_BUCKETS];
	__u32 uid; /* whose the VM is */
	__u32 pad;
};

_Static_assert(sizeof(struct vmm_key) == 16, "no implicit padding");
_Static_assert(sizeof(struct vmm_requests) % 8 == 0, "no implicit padding");

#endif
