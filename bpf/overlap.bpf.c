// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long did vCPUs of a VM wait while siblings ran, or while none ran?
 *
 * The vCPUs of a VM change state on different CPUs at the same time. They share one word, which
 * each change exchanges for the next. Whoever succeeds owns the time since the last change, and
 * books it. The threads are those in sched.bpf.c's table. This program sees an exit first. Needs
 * atomic operations that return a value, hence 5.12.
 */
#include "slot.bpf.h"

#include "overlap.h"

#define TRIES 32 /* as many CPUs would have to come in between */

/* Changes that did not get through: corrected at the thread's next one. */
__u64 lost = 0;

/* Set before the switches count: none of a thread whose books have begun is missed. */
bool enabled = false;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OVERLAP_VMS);
	__type(key, __u32);
	__type(value, struct overlap_vm);
} overlaps SEC(".maps");

enum counted { COUNTED_NOT, COUNTED_RUNNING, COUNTED_WAITING };

/* generation << 2 | enum counted: what a slot's thread is counted as. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SCHED_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} counted SEC(".maps");

static __always_inline void book(struct overlap_vm *vm, __u64 old, __u64 ns)
{
	__u64 waiting = old & OVERLAP_COUNT_MASK, place = waiting - 1;

	if (!waiting)
		return;
	if (old >> OVERLAP_COUNT_BITS & OVERLAP_COUNT_MASK)
		__sync_fetch_and_add(&vm->hazard_ns, ns);
	else
		__sync_fetch_and_add(&vm->stalled_ns, ns);
	if (place >= OVERLAP_WAITING)
		place = OVERLAP_WAITING - 1;
	__sync_fetch_and_add(&vm->waiting_ns[place], ns);
}

/* The time since the last change; 0 if another CPU's clock is ahead of this one's. */
static __always_inline __u64 since(__u64 old, __u64 now)
{
	__u64 ns = (now - (old >> OVERLAP_TIME_SHIFT)) & OVERLAP_TIME_MASK;

	return ns > OVERLAP_TIME_MASK / 2 ? 0 : ns;
}

/* Changes the numbers of running and waiting vCPUs. False: others were faster. */
static __always_inline bool change(struct overlap_vm *vm, __u64 difference, __u64 now)
{
	for (int i = 0; i < TRIES; i++) {
		__u64 old = *(volatile __u64 *)&vm->state, ns = since(old, now);
		__u64 time = (old >> OVERLAP_TIME_SHIFT) + ns;
		__u64 counts = (old + difference) & ((1ULL << OVERLAP_TIME_SHIFT) - 1);
		__u64 new = time << OVERLAP_TIME_SHIFT | counts;

		if (__sync_val_compare_and_swap(&vm->state, old, new) != old)
			continue;
		book(vm, old, ns);
		return true;
	}
	return false;
}

static __always_inline __u64 weight(__u64 as)
{
	if (as == COUNTED_RUNNING)
		return 1ULL << OVERLAP_COUNT_BITS;
	return as == COUNTED_WAITING;
}

static __always_inline struct overlap_vm *overlap_of(__u32 tgid, __u64 now)
{
	struct overlap_vm *vm = bpf_map_lookup_elem(&overlaps, &tgid);
	static const struct overlap_vm zero;

	if (vm)
		return vm;
	bpf_map_update_elem(&overlaps, &tgid, &zero, BPF_NOEXIST);
	vm = bpf_map_lookup_elem(&overlaps, &tgid);
	/* If two come first, both store the same time. */
	if (vm)
		__sync_val_compare_and_swap(&vm->state, 0, now << OVERLAP_TIME_SHIFT);
	return vm;
}

/* What a thread was counted as. */
static __always_inline __u64 counted_as(__u64 word, struct sched_thread *thread)
{
	return word >> 2 == thread->generation ? word & 3 : COUNTED_NOT;
}

/* Changes how a vCPU is counted: from *was and word to as. False: others were faster. */
static __always_inline bool count_slot(__u64 *was, __u64 word, struct sched_thread *thread,
				       __u64 as, __u64 now)
{
	__u64 new = (__u64)thread->generation << 2 | as;
	struct overlap_vm *vm = overlap_of(thread->vm, now);

	if (!vm || __sync_val_compare_and_swap(was, word, new) != word)
		return false;
	if (change(vm, weight(as) - weight(counted_as(word, thread)), now))
		return true;
	*(volatile __u64 *)was = word;
	return false;
}

/* A vCPU runs, waits, or does neither from now on. A wake-up changes only a sleeping one. */
static __noinline int count_as(__u32 tid, __u64 as, __u64 now, bool wakes)
{
	__u16 *entry = slot_entry(tid);
	struct sched_thread *thread;
	__u64 *was, word, before;
	__u32 slot;

	if (!enabled || !entry || !*entry)
		return 0;
	slot = *entry - 1;
	thread = bpf_map_lookup_elem(&threads, &slot);
	was = bpf_map_lookup_elem(&counted, &slot);
	if (!thread || !was || thread->kind != SCHED_VCPU || ignored(slot, thread))
		return 0;
	/* The second time: a first look has come in between. */
	for (int try = 0; try < 2; try++) {
		word = *(volatile __u64 *)was;
		before = counted_as(word, thread);
		if (before == as || (wakes && before != COUNTED_NOT))
			return 0;
		if (count_slot(was, word, thread, as, now))
			return 0;
	}
	__sync_fetch_and_add(&lost, 1);
	return 0;
}

SEC("tp_btf/sched_switch")
int overlap_switch(__u64 *ctx)
{
	struct task_struct *prev = (void *)ctx[1], *next = (void *)ctx[2];
	bool runnable = ctx[0] || !compat_switch_state(ctx);
	__u64 now = compat_rq_clock(next);

	count_as(prev->pid, runnable ? COUNTED_WAITING : COUNTED_NOT, now, false);
	count_as(next->pid, COUNTED_RUNNING, now, false);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int overlap_wakeup(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

	count_as(task->pid, COUNTED_WAITING, compat_rq_clock(task), true);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int overlap_exit(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

	count_as(task->pid, COUNTED_NOT, compat_rq_clock(task), false);
	return 0;
}

/*
 * Not static, for the verifier. A thread that has not switched since switches count: it
 * runs or waits as the first look at it said.
 */
__noinline int count_first(__u32 slot)
{
	struct sched_thread *thread = bpf_map_lookup_elem(&threads, &slot);
	struct sched_progress *item = bpf_map_lookup_elem(&progress, &slot);
	__u64 *was = bpf_map_lookup_elem(&counted, &slot), word, as = COUNTED_NOT;
	__u32 state;

	if (!thread || !item || !was || thread->state != SCHED_FOUND ||
	    thread->kind != SCHED_VCPU || ignored(slot, thread))
		return 0;
	word = *(volatile __u64 *)was;
	if (word >> 2 == thread->generation)
		return 0;
	state = known_state(slot, thread);
	if (state == SCHED_RUN)
		as = COUNTED_RUNNING;
	else if (state == SCHED_READY || (state != SCHED_FOUND && item->queued))
		as = COUNTED_WAITING;
	if (as != COUNTED_NOT)
		count_slot(was, word, thread, as, item->first.begin_rq);
	return 0;
}

/* Run by user space after the first looks. Argument: the first slot. */
SEC("raw_tp")
int overlap_first(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 first = ctx->args[0];

	for (__u32 i = 0; i < SCHED_PROGRESS_BATCH && first + i < SCHED_SLOTS; i++)
		count_first(first + i);
	return 0;
}
