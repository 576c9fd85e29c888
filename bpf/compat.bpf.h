/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between kernels, and nothing else. A field or an argument
 * is tested for; a version number never is.
 */
#ifndef KVMQ_COMPAT_BPF_H
#define KVMQ_COMPAT_BPF_H

#include <vmlinux.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

#ifndef NULL
#define NULL ((void *)0)
#endif

/*
 * sched_switch passes the state that the outgoing task had when the scheduler
 * looked at it since fa2c3254d7cf (5.18). User space sets this from the type of
 * the tracepoint; where it is false the verifier drops the access.
 */
const volatile bool compat_switch_has_state = true;

/* Renamed and changed from long to unsigned int by 2f064a59a11f (5.14). */
struct task_struct___before_5_14 {
	long state;
} __attribute__((preserve_access_index));

static __always_inline __u32 compat_task_state(struct task_struct *task)
{
	struct task_struct___before_5_14 *old = (void *)task;

	if (bpf_core_field_exists(old->state))
		return old->state;
	return task->__state;
}

static __always_inline __u32 compat_switch_state(__u64 *ctx)
{
	if (compat_switch_has_state)
		return ctx[3];
	return compat_task_state((void *)ctx[1]);
}

/*
 * The clock of the run queue that a task is on, as of the last update; the
 * scheduler updates it on its way to sched_switch. The way through cfs_rq holds
 * for tasks of every class (set_task_rq) and needs no symbol of the kernel,
 * which a kernel without KALLSYMS_ALL has not got.
 */
static __always_inline __u64 compat_rq_clock(struct task_struct *task)
{
	return task->se.cfs_rq->rq->clock;
}

/*
 * A writer's entry to and exit from a slot that others read while it changes.
 * x86 keeps the order of stores; elsewhere an atomic that returns a value is a
 * full barrier (5.12).
 */
static __always_inline void compat_write_begin(__u32 *sequence)
{
#ifdef __TARGET_ARCH_x86
	*(volatile __u32 *)sequence += 1;
	barrier();
#else
	__sync_fetch_and_add(sequence, 1);
#endif
}

static __always_inline void compat_write_end(__u32 *sequence)
{
#ifdef __TARGET_ARCH_x86
	barrier();
	*(volatile __u32 *)sequence += 1;
#else
	__sync_fetch_and_add(sequence, 1);
#endif
}

#endif
