// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many requests are in the rings of a VM's disks, and for how long?
 *
 * All rings of a VM are looked at when it kicks a device, when a device interrupts it, or when its
 * VMM sends a request to a block device of the host. Between two looks a ring counts as it was last
 * seen. CPUs that look at the same time share one word, which each exchanges for the next. Whoever
 * succeeds owns the time since the last look, and books it. Needs atomic operations that return a
 * value (5.12).
 */
#include "compat.bpf.h"

#include "virtqueue.h"

char LICENSE[] SEC("license") = "GPL";

#define TRIES 4		    /* as many CPUs would have to come in between */
#define PF_KTHREAD 0x200000 /* include/linux/sched.h */

__u64 failed = 0;  /* a ring could not be read, or held what no ring holds */
__u64 skipped = 0; /* others were faster each time: the next look makes up for it */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VIRTQUEUE_VMS);
	__type(key, __u32);
	__type(value, struct virtqueue_rings);
} vms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, VIRTQUEUE_SLOTS);
	__type(key, __u32);
	__type(value, struct virtqueue_ring);
} rings SEC(".maps");

static __always_inline void book(struct virtqueue_ring *ring, __u64 old, __u64 new)
{
	__u64 ns = (__u64)virtqueue_since(old, VIRTQUEUE_TIME(new)) << VIRTQUEUE_TIME_UNIT;
	__u16 left = VIRTQUEUE_USED(new) - VIRTQUEUE_USED(old);

	if (VIRTQUEUE_WAITING(old))
		__sync_fetch_and_add(&ring->integral_ns, ns * VIRTQUEUE_WAITING(old));
	if (left)
		__sync_fetch_and_add(&ring->requests, left);
}

/* False: a page is not there at this moment. */
static __always_inline bool read_index(__u64 address, __u16 *index)
{
	return !bpf_probe_read_user(index, sizeof(*index), (void *)address);
}

/*
 * The used index is read first: what comes and goes between the two readings counts as waiting for
 * a moment, and the number is never below 0. Most rings are empty and stay so, which one index
 * tells: nothing has left a ring into which nothing came.
 */
static __always_inline bool read_indices(const struct virtqueue_ring *ring, __u64 old, __u16 *used,
					 __u16 *avail)
{
	if (old && !VIRTQUEUE_WAITING(old)) {
		if (!read_index(ring->avail, avail))
			return false;
		*used = *avail;
		if (*avail == VIRTQUEUE_USED(old))
			return true;
	}
	return read_index(ring->used, used) && read_index(ring->avail, avail);
}

static __noinline int sample_ring(__u32 slot, __u32 vm_pid, __u32 now)
{
	struct virtqueue_ring *ring = bpf_map_lookup_elem(&rings, &slot);
	__u16 used, avail;
	__u64 old, new;

	if (!ring)
		return 0;
	for (int i = 0; i < TRIES; i++) {
		old = *(volatile __u64 *)&ring->state;
		if (*(volatile __u32 *)&ring->vm_pid != vm_pid)
			return 0;
		if (!read_indices(ring, old, &used, &avail)) {
			__sync_fetch_and_add(&failed, 1);
			return 0;
		}
		new = virtqueue_next(old, used, avail, ring->size, now);
		if (!new)
			__sync_fetch_and_add(&failed, 1);
		if (virtqueue_unchanged(old, new))
			return 0;
		if (__sync_val_compare_and_swap(&ring->state, old, new) != old)
			continue;
		if (virtqueue_counts(old, new))
			book(ring, old, new);
		return 0;
	}
	__sync_fetch_and_add(&skipped, 1);
	return 0;
}

/* Returns whether this is a VM that is watched. */
static __always_inline bool sample(__u32 vm_pid)
{
	struct virtqueue_rings *list = bpf_map_lookup_elem(&vms, &vm_pid);
	__u32 now, first, count;

	if (!list)
		return false;
	now = bpf_ktime_get_ns() >> VIRTQUEUE_TIME_UNIT;
	first = list->first;
	count = list->count;
	for (__u32 i = 0; i < VIRTQUEUE_RINGS_OF_VM && i < count; i++)
		sample_ring(first + i, vm_pid, now);
	return true;
}

static __always_inline __u32 current_tgid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

/* ioeventfd_write(vcpu, device, addr, len, val): 0 if it was a kick of this very queue. */
SEC("fexit/ioeventfd_write")
int virtqueue_kick(__u64 *ctx)
{
	if (!(__s32)ctx[5])
		sample(current_tgid());
	return 0;
}

/*
 * kvm_arch_set_irq_inatomic(entry, kvm, ...), which irqfd_wakeup() calls: the VMM interrupts the
 * guest; or vhost's thread does, which is a process of its own before 6.4 and borrows the VMM's
 * memory. A device of the host's own (VFIO) interrupts whoever runs. irqfd_wakeup() itself cannot
 * be had: on 6.12 and 7.3 a program there is attached and never runs.
 */
SEC("fentry/kvm_arch_set_irq_inatomic")
int virtqueue_interrupt(__u64 *ctx)
{
	struct task_struct *task;

	if (sample(current_tgid()))
		return 0;
	task = bpf_get_current_task_btf();
	if (task->flags & PF_KTHREAD && task->mm)
		sample(compat_vm_of((void *)ctx[1], task->mm));
	return 0;
}

/* kvm_send_userspace_msi(kvm, msi): how the VMM interrupts where it uses no irqfd. */
SEC("fentry/kvm_send_userspace_msi")
int virtqueue_message(void *ctx)
{
	(void)ctx;
	sample(current_tgid());
	return 0;
}

/*
 * If a VMM polls its rings, or takes kicks in user space (ioeventfd=off), the kicks are not seen.
 * The next thing that it does with a request is this.
 */
SEC("tp_btf/block_bio_queue")
int virtqueue_submit(void *ctx)
{
	(void)ctx;
	sample(current_tgid());
	return 0;
}
