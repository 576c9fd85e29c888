/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long has a thread waited that gets its CPU?
 *
 * The kernel's own accounting tells (sched_info). At sched_switch, run_delay of the arriving task
 * is what it has waited up to its last move between run queues, and last_queued is when it was
 * queued on this one. sched_info_arrive() adds the same difference a moment later. So the sum is
 * the kernel's to the nanosecond, and no hook at wake-ups is needed.
 */
#ifndef KVMQ_WAIT_BPF_H
#define KVMQ_WAIT_BPF_H

#include "throttle.bpf.h"

#define CLOCK_TOLERANCE 1000000 /* ns by which the two clocks may disagree uncounted */

/* A wait that ends. */
struct wait {
	__u64 ns;	    /* by the kernel's book-keeping */
	__u64 throttled_ns; /* of these */
	__u64 queued_rq;    /* when it began, by our own books: see end_wait() */
	__u32 cause;
};

/* How long the arriving task has waited since the slot last looked. */
static __always_inline __u64 arrival_wait(struct sched_thread *thread, struct task_struct *next,
					  __u64 rq_clock)
{
	__u64 run_delay = next->sched_info.run_delay;
	__u64 last_queued = next->sched_info.last_queued;
	__u64 wait;

	if (last_queued)
		run_delay += rq_clock - last_queued;
	wait = run_delay - thread->run_delay;
	thread->run_delay = run_delay;
	return wait;
}

static __always_inline void count_wait(struct sched_thread *thread, const struct wait *wait)
{
	__u32 bucket = hist_bucket(wait->ns), cause = wait->cause;

	thread->ready_ns[cause] += wait->ns - wait->throttled_ns;
	thread->throttled_ns += wait->throttled_ns;
	thread->waits[cause]++;
	if (wait->ns > thread->max_ns[cause])
		thread->max_ns[cause] = wait->ns;
	if (bucket < HIST_BUCKETS)
		thread->hist[cause][bucket]++;
}

/*
 * Time since the last change. Two CPUs' clocks may differ, and the kernel may count a longer wait
 * than we do: then the thread's beginning moves, so that its parts still add up to its age.
 */
static __always_inline __u64 clock_growth(struct sched_thread *thread, __u64 now)
{
	__u64 growth = now - thread->since_rq;

	if ((__s64)growth >= 0)
		return growth;
	thread->first_rq += growth;
	return 0;
}

/*
 * What ends when a thread gets its CPU: a wait of a given length, and the sleep before it. By our
 * own books a preempted thread has waited since it left its CPU.
 */
static __always_inline void end_wait(struct sched_thread *thread, struct wait *wait, __u64 now)
{
	__u64 elapsed = clock_growth(thread, now);

	wait->cause = SCHED_WAKE;
	if (wait->ns > elapsed)
		thread->first_rq -= wait->ns - elapsed;
	if (wait->ns > elapsed + CLOCK_TOLERANCE)
		__sync_fetch_and_add(&losses.clock, 1);
	wait->queued_rq = now - wait->ns;
	if (thread->state == SCHED_READY) {
		wait->cause = SCHED_PREEMPT;
		wait->queued_rq = thread->since_rq;
	}
	if (throttle_seen) {
		wait->throttled_ns =
			throttled_time(thread->task, thread->cpu, wait->queued_rq, now);
		if (wait->throttled_ns > wait->ns)
			wait->throttled_ns = wait->ns;
	}
	/* The rest: asleep, or for a moment between two run queues. */
	if (elapsed > wait->ns && thread->state == SCHED_HALT)
		thread->halt_ns += elapsed - wait->ns;
	else if (elapsed > wait->ns)
		thread->block_ns += elapsed - wait->ns;
	count_wait(thread, wait);
	thread->state = SCHED_RUN;
	thread->since_rq = now;
}

#endif
