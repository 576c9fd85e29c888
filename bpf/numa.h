/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What numa.bpf.c and user/probe/numa.c share. Slots and generations are those of
 * sched.h; pages are the host's base pages.
 */
#ifndef KVMQ_BPF_NUMA_H
#define KVMQ_BPF_NUMA_H

#include "sched.h"

#define NUMA_EVENTS_SIZE (1024 * 1024)
#define NUMA_SLOT_BUCKETS 128 /* of struct kvm_memslots.id_hash */
#define NUMA_SLOT_CHAIN 8     /* memory slots in one of these */
#define NUMA_SLOTS 512 /* a power of 2; of one VM: QEMU makes some 10, one more for each DIMM */

/* Of a hint fault, as decided before a migration. */
enum numa_place {
	NUMA_PLACE_LOCAL,
	NUMA_PLACE_REMOTE,
	NUMA_PLACES,
};

/*
 * Hint faults of one vCPU's thread, which alone writes them. Counters only grow. If the generation
 * is not that of the slot, it is the record of an earlier thread.
 */
struct numa_faults {
	__u32 generation;
	__u32 in_kvm;	 /* it is inside KVM's fault handler: for the guest */
	__u32 from_node; /* node of the page that it migrates, + 1; 0: none */
	__u32 pad;
	__u64 faults[NUMA_PLACES]; /* of the guest's accesses */
	__u64 pages[NUMA_PLACES];
	__u64 own_faults; /* of the thread's own, in the kernel and the VMM */
	__u64 own_pages;
	__u64 migrated_to[SCHED_NODES];
	__u64 migrated_from[SCHED_NODES];
} __attribute__((aligned(64)));

/* One hint fault. */
struct numa_fault_event {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u32 slot;
	__u32 generation;
	__u32 pages;
	__u32 node;	 /* where the vCPU is */
	__u32 remote;	 /* a remote access of the guest's */
	__u32 migrated;	 /* its pages were moved: */
	__u32 from_node; /* from this node; SCHED_NODES: not known */
	__u32 to_node;
};

/* A piece of guest memory in the VMM's address space. */
struct numa_slot {
	__u64 begin;
	__u64 pages;
};

/* The memory slots of one VM, written on demand. */
struct numa_memory {
	__u32 count; /* over NUMA_SLOTS: some are overwritten */
	__u32 lost;  /* lists that were longer than NUMA_SLOT_CHAIN */
	struct numa_slot slots[NUMA_SLOTS];
};

struct numa_event_losses {
	__u64 events; /* a fault not sent: the ring buffer was full */
};

_Static_assert(sizeof(struct numa_faults) % 64 == 0, "slots share no cache line");
_Static_assert(sizeof(struct numa_fault_event) == 40, "no implicit padding");

#endif
