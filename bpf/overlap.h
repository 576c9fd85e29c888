/* SPDX-License-Identifier: GPL-2.0-only */
/* What overlap.bpf.c and user/probe/overlap.c share. Times are ns of the run queues' clock. */
#ifndef KVMQ_OVERLAP_H
#define KVMQ_OVERLAP_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define OVERLAP_VMS 4096
#define OVERLAP_WAITING 64 /* so many vCPUs waiting, or more, are not told apart */

/*
 * How many vCPUs of a VM run and wait, and since when, in one word that can be
 * exchanged at once. The time is modulo 2^44 ns, 4.9 hours: it only matters as long as
 * a vCPU waits.
 */
#define OVERLAP_COUNT_BITS 10
#define OVERLAP_COUNT_MASK ((1ULL << OVERLAP_COUNT_BITS) - 1)
#define OVERLAP_TIME_SHIFT (2 * OVERLAP_COUNT_BITS)
#define OVERLAP_TIME_MASK ((1ULL << (64 - OVERLAP_TIME_SHIFT)) - 1)

struct overlap_vm {
	__u64 state;			   /* time << 20 | running << 10 | waiting */
	__u64 hazard_ns;		   /* at least one waited while another ran */
	__u64 stalled_ns;		   /* at least one waited, and none ran */
	__u64 waiting_ns[OVERLAP_WAITING]; /* element i: i + 1 waited */
};

#endif
