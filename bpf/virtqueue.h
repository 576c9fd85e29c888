/* SPDX-License-Identifier: GPL-2.0-only */
/* What virtqueue.bpf.c and user/probe/virtqueue.c share. */
#ifndef KVMQ_BPF_VIRTQUEUE_H
#define KVMQ_BPF_VIRTQUEUE_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define VIRTQUEUE_VMS 4096
#define VIRTQUEUE_SLOTS 8192	 /* rings of all VMs */
#define VIRTQUEUE_RINGS_OF_VM 64 /* at most */

/*
 * What was last seen of a ring, in one word that can be exchanged at once; 0: nothing yet. The time
 * is modulo 2^40 ns, 18 minutes: it only matters if a request stays in the ring and its VM does
 * nothing for so long.
 */
#define VIRTQUEUE_TIME_UNIT 8 /* 2^8 ns */
#define VIRTQUEUE_STATE(time, waiting, used)                                                       \
	((__u64)(__u32)(time) << 32 | (__u64)(__u16)(waiting) << 16 | (__u16)(used))
#define VIRTQUEUE_TIME(state) ((__u32)((state) >> 32))
#define VIRTQUEUE_WAITING(state) ((__u16)((state) >> 16))
#define VIRTQUEUE_USED(state) ((__u16)(state))

/* The rings of a VM are slots that follow each other. */
struct virtqueue_rings {
	__u32 first;
	__u32 count;
};

/*
 * User space gives a slot out and takes it back. To take it back, it clears vm_pid first, then
 * state; to give it out, it sets vm_pid last. A program that still counts for the last owner finds
 * that state has changed. While it is given out, the kernel alone writes state, integral_ns and
 * requests.
 */
struct virtqueue_ring {
	__u64 state;
	__u64 integral_ns; /* requests in the ring x time, up to state's */
	__u64 requests;	   /* that have left it */
	__u64 avail;	   /* addresses of the indices, in the VMM */
	__u64 used;
	__u32 size;
	__u32 vm_pid; /* 0: nobody's */
	__u64 padding[2];
};

_Static_assert(sizeof(struct virtqueue_ring) == 64, "rings share no cache line");

/*
 * The time from a state to a moment, in units. A time over 18 minutes less a second counts as
 * negative: that CPU's clock is behind the one that wrote the state.
 */
static inline __attribute__((always_inline)) __u32 virtqueue_since(__u64 state, __u32 time)
{
	__u32 units = time - VIRTQUEUE_TIME(state);

	return units > -(1U << (30 - VIRTQUEUE_TIME_UNIT)) ? 0 : units;
}

/*
 * The state after this one, with the indices as they are now; 0: no ring can have these. If the
 * clock seems to have gone back, the old time is kept.
 */
static inline __attribute__((always_inline)) __u64
virtqueue_next(__u64 old, __u16 used, __u16 avail, __u32 size, __u32 now)
{
	__u16 waiting = avail - used;

	if (waiting > size)
		return 0;
	if (VIRTQUEUE_WAITING(old))
		now = VIRTQUEUE_TIME(old) + virtqueue_since(old, now);
	return VIRTQUEUE_STATE(now, waiting, used);
}

/* Nothing to book, and no need to do so before the time comes round. */
static inline __attribute__((always_inline)) int virtqueue_unchanged(__u64 old, __u64 new)
{
	if (!old || !new)
		return old == new;
	return (__u32)old == (__u32) new &&
	       (!VIRTQUEUE_WAITING(old) || virtqueue_since(old, VIRTQUEUE_TIME(new)) < 1U << 30);
}

/*
 * Whether to book the time between two states, and what left the ring in it. A guest's driver that
 * starts again clears its ring: the requests in it did not leave it.
 */
static inline __attribute__((always_inline)) int virtqueue_counts(__u64 old, __u64 new)
{
	return old && new &&
	       (VIRTQUEUE_WAITING(new) || VIRTQUEUE_USED(new) || !VIRTQUEUE_USED(old));
}

#endif
