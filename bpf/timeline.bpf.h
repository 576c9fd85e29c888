/* SPDX-License-Identifier: GPL-2.0-only */
/* Each state of each tracked thread, sent when it ends: what --timeline draws. */
#ifndef KVMQ_TIMELINE_BPF_H
#define KVMQ_TIMELINE_BPF_H

#include "vcpu.bpf.h"

const volatile bool send_changes = false;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1);
} changes SEC(".maps");

/* What was true of a thread before its state changed. */
struct state_before {
	__u64 since_rq;
	__u32 state;
};

static __always_inline struct state_before state_before(struct sched_thread *thread)
{
	return (struct state_before){ thread->since_rq, thread->state };
}

/*
 * A state has ended, and the thread's record holds the new one. queued_rq and wait
 * are those of one that ended on a CPU, or 0; other may be NULL.
 */
static __always_inline void send_change(__u32 slot, struct sched_thread *thread,
					const struct side *side, struct state_before before,
					__u64 queued_rq, __u64 wait, struct task_struct *other)
{
	struct sched_change *change;

	if (!send_changes)
		return;
	change = bpf_ringbuf_reserve(&changes, sizeof(*change), 0);
	if (!change) {
		__sync_fetch_and_add(&losses.changes, 1);
		return;
	}
	__builtin_memset(change, 0, sizeof(*change));
	change->begin_rq = before.since_rq;
	change->end_rq = thread->since_rq;
	change->queued_rq = queued_rq;
	change->wait_ns = wait;
	change->slot = slot;
	change->generation = thread->generation;
	change->state = before.state;
	change->next = thread->state;
	change->cpu = bpf_get_smp_processor_id();
	change->kvm_run = side->kvm_run != 0;
	if (other) {
		change->other_tid = other->pid;
		change->other_tgid = other->tgid;
		bpf_probe_read_kernel(change->other_comm, sizeof(change->other_comm), other->comm);
	}
	/* Woken for each, the reader would preempt a vCPU, which is a change again. */
	bpf_ringbuf_submit(change,
			   bpf_ringbuf_query(&changes, BPF_RB_AVAIL_DATA) > SCHED_CHANGES_WAKE
				   ? BPF_RB_FORCE_WAKEUP
				   : BPF_RB_NO_WAKEUP);
}

#endif
