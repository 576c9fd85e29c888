/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How do the books of a thread begin that was there before the tool started?
 *
 * The scan finds the thread, which may change its state any number of times until counting starts.
 * So nothing is known of it (SCHED_FOUND) until switches are counted and user space asks what the
 * thread is doing. If two readings of its task agree, they are true of the moment between them, and
 * stay true up to the thread's next switch. That switch begins the books: as of the reading, if
 * there is one and it agrees with the switch; otherwise as of itself. A reading that does not agree
 * means that a switch was not seen, and is counted as such. Whoever asks writes the reading, the
 * thread's switches write the slot: neither waits for the other.
 */
#ifndef KVMQ_FIRST_BPF_H
#define KVMQ_FIRST_BPF_H

#include "vcpu.bpf.h"

#define TASK_INTERRUPTIBLE 0x1 /* include/linux/sched.h */
#define TASK_WAKING 0x200
#define FIRST_TRIES 2	     /* user space looks again */
#define IN_GUEST_MODE 1	     /* include/linux/kvm_host.h */
#define EXITING_GUEST_MODE 2 /* it was told to exit, and has not yet */

/* CLOCK_MONOTONIC minus the run queues' clock, as of the last reading; 0: not known. */
__u64 clock_offset = 0;

struct task_reading {
	__u64 queued;
	__u64 run_delay;
	__u64 arrival;
	__u64 notifier;
	__u32 state;
	__u32 on_cpu;
};

static __always_inline void read_task(struct task_struct *task, struct task_reading *reading)
{
	reading->queued = BPF_CORE_READ(task, sched_info.last_queued);
	reading->run_delay = BPF_CORE_READ(task, sched_info.run_delay);
	reading->arrival = BPF_CORE_READ(task, sched_info.last_arrival);
	reading->notifier = (__u64)BPF_CORE_READ(task, preempt_notifiers.first);
	reading->state = compat_task_state_at(task);
	reading->on_cpu = compat_task_on_cpu(task);
}

static __always_inline bool same_readings(const struct task_reading *a,
					  const struct task_reading *b)
{
	return a->queued == b->queued && a->run_delay == b->run_delay && a->arrival == b->arrival &&
	       a->notifier == b->notifier && a->state == b->state && a->on_cpu == b->on_cpu;
}

/* SCHED_FOUND: the thread is between two states. A waiting thread waits since it left its CPU. */
static __always_inline __u32 reading_state(const struct task_reading *reading, __u32 left_as)
{
	if (reading->on_cpu)
		return reading->queued ? SCHED_FOUND : SCHED_RUN;
	if (!reading->state)
		return reading->queued ? left_as : SCHED_FOUND;
	if (reading->queued || reading->state & TASK_WAKING)
		return SCHED_FOUND;
	return reading->notifier && reading->state & TASK_INTERRUPTIBLE ? SCHED_HALT : SCHED_BLOCK;
}

static __always_inline __u32 reading_place(const struct task_reading *reading)
{
	__u64 notifier = reading->notifier;
	__u32 mode = 0;

	if (!notifier)
		return SCHED_IN_VMM;
	if (kvm.known)
		bpf_probe_read_kernel(&mode, sizeof(mode),
				      (void *)(notifier - kvm.notifier + kvm.mode));
	return mode == IN_GUEST_MODE || mode == EXITING_GUEST_MODE ? SCHED_IN_GUEST : SCHED_IN_KVM;
}

/*
 * Notes what a thread does whose books have not begun, if that can be told. Not static, for the
 * verifier: a stack of its own, and verified once.
 */
__noinline int first_look(__u32 slot)
{
	struct sched_thread *thread = bpf_map_lookup_elem(&threads, &slot);
	struct sched_progress *item = bpf_map_lookup_elem(&progress, &slot);
	struct task_reading reading, again;
	struct task_struct *task;
	struct sched_first *first;
	__u64 now = 0;

	if (!thread || !item)
		return 0;
	first = &item->first;
	if (!enabled || thread->state != SCHED_FOUND || first->generation == thread->generation)
		return 0;
	task = (void *)thread->task;
	first->state = SCHED_FOUND;
	for (int try = 0; try < FIRST_TRIES && first->state == SCHED_FOUND; try++) {
		read_task(task, &reading);
		now = bpf_ktime_get_ns() - clock_offset;
		first->place = reading_place(&reading);
		read_task(task, &again);
		if (same_readings(&reading, &again))
			first->state = reading_state(&reading, thread->left_as);
	}
	if (first->state == SCHED_FOUND)
		return 0;
	first->run_delay = reading.run_delay;
	/* The two clocks may differ a little. */
	if (first->state == SCHED_RUN && reading.arrival > now)
		now = reading.arrival;
	if (reading.queued > now)
		now = reading.queued;
	/* A wait counts from here on. */
	if (reading.queued)
		first->run_delay += now - reading.queued;
	first->begin_rq = now;
	first->cpu = BPF_CORE_READ(task, se.cfs_rq, rq, cpu);
	compat_publish(&first->generation, thread->generation);
	return 0;
}

/*
 * Begins the books at a switch, inside the slot's sequence. False: they begin now, as at a switch
 * to a new thread.
 */
static __always_inline bool thread_begin(__u32 slot, struct sched_thread *thread,
					 const struct side *side, __u64 now, bool leaves)
{
	struct sched_first *first = first_of(slot, thread->generation);
	bool agrees = first && (first->state == SCHED_RUN) == leaves;

	thread->state = SCHED_RUN;
	thread->first_rq = now;
	thread->since_rq = now;
	thread->run_delay = side->task->sched_info.run_delay;
	thread->cpu = bpf_get_smp_processor_id();
	thread->place = side->kvm_run ? SCHED_IN_KVM : SCHED_IN_VMM;
	if (first && !agrees)
		__sync_fetch_and_add(&losses.missed, 1);
	if (!agrees)
		return false;
	thread->state = first->state;
	thread->first_rq = first->begin_rq;
	thread->since_rq = first->begin_rq;
	thread->run_delay = first->run_delay;
	thread->cpu = first->cpu;
	thread->place = first->place;
	return true;
}

#endif
