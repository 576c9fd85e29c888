/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who gets a slot? Decided when a thread is new, and never at a switch of one that has its own.
 *
 * An owner gets one while it has fewer than are free: so one who takes all that there is has half
 * of the table in the end, two have a third each, and whoever has none gets his. Owners are the
 * users that VMs run as, and the VMs, each for an eighth of what is free, since one user may run
 * them all. What the filter leaves out gets none: user space is asked once for each VM.
 */
#ifndef KVMQ_SHARE_BPF_H
#define KVMQ_SHARE_BPF_H

#include "slot.bpf.h"

/* vCPUs without a slot, since the filter leaves them out. */
__u64 left_out = 0;

/* How many slots free_slots holds. */
__u64 free_count = 0;

struct sched_losses losses = {};

/* Slots that nobody uses. User space fills it and returns what has gone. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, SCHED_SLOTS);
	__uint(value_size, sizeof(__u32));
} free_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} news SEC(".maps");

/* Two for each slot, that of a user and that of a VM: never full of those who have any. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * SCHED_SLOTS);
	__type(key, struct sched_owner);
	__type(value, struct sched_share);
} shares SEC(".maps");

struct verdict_chunk {
	__u8 verdicts[1 << SCHED_VERDICT_BITS];
};

/* enum sched_verdict for each tgid. User space answers; the kernel asks, and forgets at the exit.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct verdict_chunk);
} vm_verdicts SEC(".maps");

static __always_inline struct sched_share *share_of(__u32 kind, __u32 id)
{
	struct sched_owner owner = { .kind = kind, .id = id };
	struct sched_share *share = bpf_map_lookup_elem(&shares, &owner), fresh = {};

	if (share)
		return share;
	bpf_map_update_elem(&shares, &owner, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&shares, &owner);
}

static __always_inline bool share_is_used_up(struct sched_share *share, __u64 parts)
{
	if (*(volatile __u64 *)&share->held * parts < *(volatile __u64 *)&free_count)
		return false;
	__sync_fetch_and_add(&share->lost, 1);
	return true;
}

/* Takes a slot for a thread of this VM and user, and counts it as theirs. */
static __always_inline bool share_take(__u32 uid, __u32 vm, __u32 *slot)
{
	struct sched_share *user = share_of(SCHED_OF_UID, uid), *own = share_of(SCHED_OF_VM, vm);

	if (!user || !own || share_is_used_up(own, SCHED_VM_PARTS) || share_is_used_up(user, 1))
		return false;
	if (bpf_map_pop_elem(&free_slots, slot))
		return false;
	__sync_fetch_and_add(&free_count, -1);
	__sync_fetch_and_add(&user->held, 1);
	__sync_fetch_and_add(&own->held, 1);
	return true;
}

static __always_inline void share_give(__u32 kind, __u32 id)
{
	struct sched_owner owner = { .kind = kind, .id = id };
	struct sched_share *share = bpf_map_lookup_elem(&shares, &owner);

	if (share && share->held)
		__sync_fetch_and_add(&share->held, -1);
}

static __always_inline __u8 *verdict_of(__u32 tgid)
{
	__u32 index = tgid >> SCHED_VERDICT_BITS;
	struct verdict_chunk *chunk = bpf_map_lookup_elem(&vm_verdicts, &index);

	return chunk ? &chunk->verdicts[tgid & ((1 << SCHED_VERDICT_BITS) - 1)] : NULL;
}

/* Returns whether user space will hear of it. */
static __always_inline bool announce(__u32 slot, __u32 generation, struct task_struct *task,
				     __u32 vm)
{
	struct sched_news *item = bpf_ringbuf_reserve(&news, sizeof(*item), 0);
	struct task_struct *leader = task->group_leader;

	if (!item) {
		__sync_fetch_and_add(&losses.news, 1);
		return false;
	}
	item->slot = slot;
	item->generation = generation;
	item->tid = task->pid;
	item->vm = vm;
	item->start_ns = leader->start_boottime;
	bpf_probe_read_kernel(item->comm, sizeof(item->comm), task->comm);
	bpf_probe_read_kernel(item->leader, sizeof(item->leader), leader->comm);
	bpf_ringbuf_submit(item, 0);
	return true;
}

/*
 * Whether the filter lets a vCPU's VM in. Of one that it leaves out, entry says so, and no more
 * is asked at its switches; one that is not known yet comes again.
 */
static __always_inline bool is_let_in(struct task_struct *task, __u32 vm, __u16 *entry, bool vcpu)
{
	__u8 *verdict = verdict_of(vm);

	if (!verdict)
		return false;
	switch (*(volatile __u8 *)verdict) {
	case SCHED_WANTED:
		return true;
	case SCHED_UNASKED:
		if (!vcpu)
			return false;
		*(volatile __u8 *)verdict = SCHED_ASKED;
		if (!announce(SCHED_NO_SLOT, 0, task, vm))
			*(volatile __u8 *)verdict = SCHED_UNASKED;
		return false;
	case SCHED_UNWANTED:
		if (!vcpu)
			return false;
		*entry = SCHED_LEFT_OUT;
		__sync_fetch_and_add(&left_out, 1);
		return false;
	default:
		return false;
	}
}

/* At a thread's exit. */
static __always_inline void forget_verdict(struct task_struct *task)
{
	__u8 *verdict;

	if (!use_verdicts || !compat_is_last_thread(task))
		return;
	verdict = verdict_of(task->tgid);
	if (verdict && *verdict)
		*(volatile __u8 *)verdict = SCHED_UNASKED;
}

#endif
