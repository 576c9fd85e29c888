/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who gets a slot? An owner whose share is not used up (owner.bpf.h), if the filter admits it: user
 * space is asked once for each VM.
 */
#ifndef KVMQ_SHARE_BPF_H
#define KVMQ_SHARE_BPF_H

#include "owner.bpf.h"
#include "slot.bpf.h"

/* vCPUs without a slot, since the filter leaves them out. */
__u64 left_out = 0;

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

struct verdict_chunk {
	__u8 verdicts[1 << SCHED_VERDICT_BITS];
};

/*
 * enum sched_verdict for each tgid. User space answers. The kernel asks, and forgets the answer at
 * the exit of the process.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct verdict_chunk);
} vm_verdicts SEC(".maps");

/* A slot for a thread of this VM and user, on their account. */
static __always_inline bool take_slot(__u32 uid, __u32 vm, __u32 *slot)
{
	struct owner owner = { .kind = OWNER_VM, .id = vm, .uid = uid };

	if (!share_take(&owner))
		return false;
	if (!bpf_map_pop_elem(&free_slots, slot))
		return true;
	share_give_back(&owner);
	return false;
}

static __always_inline __u8 *verdict_of(__u32 tgid)
{
	__u32 index = tgid >> SCHED_VERDICT_BITS;
	struct verdict_chunk *chunk = bpf_map_lookup_elem(&vm_verdicts, &index);

	return chunk ? &chunk->verdicts[tgid & ((1 << SCHED_VERDICT_BITS) - 1)] : NULL;
}

/* Read as data, which costs the verifier less: see kvm_run_notifier(). */
static __always_inline struct task_struct *leader_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader);
}

/* Returns whether user space will hear of it. A slot it finds at the next reading, too. */
static __always_inline bool announce(__u32 slot, __u32 generation, struct task_struct *task,
				     __u32 vm)
{
	struct sched_news *item = bpf_ringbuf_reserve(&news, sizeof(*item), 0);
	struct task_struct *leader = leader_of(task);

	if (!item) {
		if (slot == SCHED_NO_SLOT)
			__sync_fetch_and_add(&losses.questions, 1);
		return false;
	}
	item->slot = slot;
	item->generation = generation;
	item->tid = task->pid;
	item->vm = vm;
	item->start_ns = BPF_CORE_READ(leader, start_boottime);
	bpf_probe_read_kernel(item->comm, sizeof(item->comm), task->comm);
	bpf_probe_read_kernel(item->leader, sizeof(item->leader), leader->comm);
	bpf_ringbuf_submit(item, 0);
	return true;
}

/*
 * Whether the filter admits a vCPU's VM. If not, entry says so, and its switches ask no more; a
 * vCPU of a VM without an answer asks again.
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
