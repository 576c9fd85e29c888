/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who ran while a thread waited? Each CPU has a list of the tracked threads that wait for it. At
 * each of its switches, the time since the last switch is booked on the task that has run, once for
 * each waiter. A thread joins a list when it becomes ready, changes lists when it is moved, and
 * leaves when it gets its turn.
 *
 * The run queue's lock protects the list, with one exception: a thread that is moved here joins
 * under the lock of the queue that it leaves. If another thread joins at that very moment, one of
 * the two is lost from the list. Nobody is booked for its wait, and user space sees ready time that
 * is booked on nobody.
 *
 * What a pair of victim and offender has is in memory that user space reads without a call. A hash
 * tells where.
 */
#ifndef KVMQ_BLAME_BPF_H
#define KVMQ_BLAME_BPF_H

#include "throttle.bpf.h"

/* Whether --blame was asked for. */
const volatile bool send_blame = false;

/* The threads that wait for a CPU. */
struct wait_list {
	__u32 waiting;		    /* how many there are, in the list or not */
	__u32 end;		    /* no place from here on is taken */
	__u32 slots[SCHED_WAITERS]; /* slot + 1, or 0 */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wait_list);
} wait_lists SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SCHED_SLOTS);
	__type(key, __u32);
	__type(value, struct sched_waiter);
} waiters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct sched_blame_key);
	__type(value, __u32); /* place in pairs */
} blame SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sched_pair);
} pairs SEC(".maps");

/* Places that no pair has. User space fills it, and returns those of victims that have gone. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 1);
	__uint(value_size, sizeof(__u32));
} free_pairs SEC(".maps");

/* How many there are: a full table is not asked, whose lock all CPUs share. */
__u64 free_pair_count = 0;

/* On whom blame_settle() books a piece of time. */
struct offender {
	struct sched_blame_key key;
	__u64 task; /* its address */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct offender);
} offenders SEC(".maps");

/* Reads a member of a task. Where the verifier knows it as a task, this is one load. */
#define MEMBER(task, known, member) ((known) ? (task)->member : BPF_CORE_READ(task, member))

/* The number of the cgroup's folder in /sys/fs/cgroup. */
static __always_inline __u64 cgroup_id(struct task_struct *task, bool known)
{
	struct css_set *set = MEMBER(task, known, cgroups);
	struct cgroup *cgroup = MEMBER(set, known, dfl_cgrp);
	struct kernfs_node *node = MEMBER(cgroup, known, kn);

	return MEMBER(node, known, id);
}

/* Names the one on whom a task's time is booked. */
static __always_inline void blame_name(struct sched_blame_key *key, struct task_struct *task,
				       bool known)
{
	__u32 tid = MEMBER(task, known, pid);
	struct task_struct *leader;

	if (!tid) {
		key->kind = SCHED_BLAME_IDLE;
	} else if (MEMBER(task, known, preempt_notifiers.first) || tid_is_tracked(tid) ||
		   is_vm(MEMBER(task, known, tgid))) {
		key->kind = SCHED_BLAME_VM;
		key->id = tid;
	} else if (MEMBER(task, known, flags) & PF_KTHREAD) {
		key->kind = SCHED_BLAME_KERNEL;
		bpf_probe_read_kernel(key->comm, sizeof(key->comm), task->comm);
	} else {
		key->kind = SCHED_BLAME_HOST;
		key->id = cgroup_id(task, known);
		leader = MEMBER(task, known, group_leader);
		bpf_probe_read_kernel(key->comm, sizeof(key->comm), leader->comm);
	}
}

/* Tells user space what it needs beyond the name: once for each pair. */
static __always_inline void blame_describe(struct sched_pair *pair, struct task_struct *task)
{
	struct sched_thread *thread;
	__u16 *entry;
	__u32 slot;

	if (pair->key.kind == SCHED_BLAME_HOST)
		bpf_probe_read_kernel_str(pair->cgroup, sizeof(pair->cgroup),
					  BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, name));
	if (pair->key.kind != SCHED_BLAME_VM)
		return;
	entry = slot_entry(pair->key.id);
	pair->vm = BPF_CORE_READ(task, tgid);
	pair->is_vcpu = 0;
	bpf_probe_read_kernel(pair->key.comm, sizeof(pair->key.comm), task->comm);
	if (!entry || !*entry)
		return;
	pair->is_vcpu = *entry == SCHED_LEFT_OUT;
	slot = *entry - 1;
	thread = bpf_map_lookup_elem(&threads, &slot);
	if (!thread)
		return;
	pair->vm = thread->vm;
	pair->is_vcpu = thread->kind == SCHED_VCPU;
}

/* A place for a pair that has none, or NULL: there is no free one. */
static __always_inline struct sched_pair *blame_begin(const struct sched_blame_key *key,
						      struct task_struct *task)
{
	struct sched_pair *pair;
	__u32 place;

	if (!*(volatile __u64 *)&free_pair_count || bpf_map_pop_elem(&free_pairs, &place))
		return NULL;
	pair = bpf_map_lookup_elem(&pairs, &place);
	if (!pair)
		return NULL;
	pair->key.victim = key->victim;
	pair->key.kind = key->kind;
	pair->key.id = key->id;
	__builtin_memcpy(pair->key.comm, key->comm, sizeof(pair->key.comm));
	blame_describe(pair, task);
	if (bpf_map_update_elem(&blame, key, &place, BPF_NOEXIST)) {
		bpf_map_push_elem(&free_pairs, &place, BPF_ANY);
		return NULL;
	}
	__sync_fetch_and_add(&free_pair_count, -1);
	compat_publish(&pair->key.generation, key->generation);
	return pair;
}

/* A victim waits for one CPU at a time, so each pair has one writer. */
static __always_inline void blame_book(struct sched_blame_key *key, struct task_struct *task,
				       __u64 ns)
{
	__u32 *place = bpf_map_lookup_elem(&blame, key);
	struct sched_pair *pair =
		place ? bpf_map_lookup_elem(&pairs, place) : blame_begin(key, task);

	/* User space may just have taken the place of a victim that has gone. */
	if (pair && pair->key.generation == key->generation && pair->key.victim == key->victim)
		pair->ns += ns;
	else
		__sync_fetch_and_add(&losses.blame, 1);
}

/* The part of a wait on a CPU that is not throttling. */
static __always_inline __u64 unthrottled(__u32 slot, const struct sched_waiter *waiter, __u64 since,
					 __u64 now)
{
	__u64 ns = now - since, throttled;
	struct sched_thread *thread;

	if (!throttle_seen)
		return ns;
	thread = bpf_map_lookup_elem(&threads, &slot);
	throttled = thread ? throttled_time(thread->task, waiter->cpu, since, now) : ns;
	return throttled < ns ? ns - throttled : 0;
}

/* Names the task that has run for blame_settle(). */
static __always_inline void blame_prepare(struct task_struct *ran, bool known)
{
	struct offender *offender;
	__u32 zero = 0;

	offender = bpf_map_lookup_elem(&offenders, &zero);
	if (!offender)
		return;
	__builtin_memset(&offender->key, 0, sizeof(offender->key));
	offender->task = (__u64)ran;
	blame_name(&offender->key, ran, known);
}

/*
 * Books a waiter's time up to now on the task that blame_prepare() has named. Not static, for the
 * verifier: see throttled_time().
 */
__noinline int blame_settle(__u32 slot, __u64 now, __u64 now_task)
{
	struct sched_waiter *waiter = bpf_map_lookup_elem(&waiters, &slot);
	__u64 since, since_task, ns, interrupts = 0;
	struct offender *offender;
	__u32 zero = 0;

	offender = bpf_map_lookup_elem(&offenders, &zero);
	if (!waiter || !offender)
		return 0;
	since = waiter->since;
	since_task = waiter->since_task;
	waiter->since = now;
	waiter->since_task = now_task;
	if ((__s64)(now - since) <= 0)
		return 0;
	ns = unthrottled(slot, waiter, since, now);
	/* If interrupts are accounted, the scheduler's second clock stands still in them. */
	if (since_task && now - since > now_task - since_task)
		interrupts = now - since - (now_task - since_task);
	if (interrupts > ns)
		interrupts = ns;
	waiter->interrupt_ns += interrupts;
	if (offender->key.kind == SCHED_BLAME_IDLE) {
		waiter->idle_ns += ns - interrupts;
		return 0;
	}
	offender->key.victim = slot;
	offender->key.generation = waiter->generation;
	blame_book(&offender->key, (void *)offender->task, ns - interrupts);
	return 0;
}

/* A CPU's list. One load tells whether anybody waits. */
static __always_inline struct wait_list *wait_list_of(__u32 cpu)
{
	struct wait_list *list = bpf_map_lookup_elem(&wait_lists, &cpu);

	return list && list->waiting ? list : NULL;
}

/* At a switch on a CPU that somebody waits for: ran leaves it. */
static __noinline int blame_switch(struct task_struct *ran, __u32 cpu)
{
	struct wait_list *list = wait_list_of(cpu);
	struct rq *rq = ran->se.cfs_rq->rq;
	__u64 now = rq->clock, now_task = rq->clock_task;

	if (!list)
		return 0;
	blame_prepare(ran, true);
	/*
	 * Read from memory each time: a value in a register would be one more path for the
	 * verifier.
	 */
	for (__u32 i = 0; i < SCHED_WAITERS && i < *(volatile __u32 *)&list->end; i++)
		if (list->slots[i])
			blame_settle(list->slots[i] - 1, now, now_task);
	return 0;
}

/* A thread, of this generation of its slot, begins to wait for a CPU. */
static __always_inline void blame_join(__u32 slot, __u32 generation, __u32 cpu, __u64 now,
				       __u64 now_task)
{
	struct wait_list *list = bpf_map_lookup_elem(&wait_lists, &cpu);
	struct sched_waiter *waiter = bpf_map_lookup_elem(&waiters, &slot);

	if (!list || !waiter || waiter->place)
		return;
	if (waiter->generation != generation) {
		waiter->generation = generation;
		waiter->idle_ns = 0;
		waiter->interrupt_ns = 0;
	}
	for (int i = 0; i < SCHED_WAITERS; i++) {
		if (list->slots[i])
			continue;
		list->slots[i] = slot + 1;
		if (list->end <= (__u32)i)
			list->end = i + 1;
		waiter->place = i + 1;
		waiter->cpu = cpu;
		waiter->since = now;
		waiter->since_task = now_task;
		__sync_fetch_and_add(&list->waiting, 1);
		return;
	}
	__sync_fetch_and_add(&losses.blame, 1);
}

/* It has got its turn, or is moved. */
static __always_inline void blame_leave(__u32 slot)
{
	struct sched_waiter *waiter = bpf_map_lookup_elem(&waiters, &slot);
	struct wait_list *list;
	__u32 place;

	if (!waiter || !waiter->place)
		return;
	list = bpf_map_lookup_elem(&wait_lists, &waiter->cpu);
	place = waiter->place - 1;
	waiter->place = 0;
	if (!list || place >= SCHED_WAITERS)
		return;
	if (list->slots[place] == slot + 1)
		list->slots[place] = 0;
	else
		__sync_fetch_and_add(&losses.blame, 1); /* another one took its place */
	__sync_fetch_and_add(&list->waiting, -1);
	if (!*(volatile __u32 *)&list->waiting)
		list->end = 0;
}

/* A halted or blocked thread is ready now, on the run queue that it was put on. */
static __always_inline void blame_wake(__u32 slot, struct sched_thread *thread,
				       struct task_struct *task)
{
	__u32 state = known_state(slot, thread);
	struct rq *rq = task->se.cfs_rq->rq;

	/* Anything else is a wake-up of one that has not gone to sleep yet. */
	if (state == SCHED_HALT || state == SCHED_BLOCK)
		blame_join(slot, thread->generation, rq->cpu, rq->clock, rq->clock_task);
}

/*
 * A waiting thread is moved to another CPU's run queue. The time up to now is booked here; the new
 * CPU's clocks are not at hand.
 */
static __always_inline void blame_migrate(__u32 slot, struct task_struct *task, __u32 cpu)
{
	struct sched_waiter *waiter = bpf_map_lookup_elem(&waiters, &slot);
	struct rq *rq = task->se.cfs_rq->rq;
	struct task_struct *runs;
	__u64 now = rq->clock;

	if (!waiter || !waiter->place)
		return;
	runs = BPF_CORE_READ(rq, curr);
	blame_prepare(runs, false);
	blame_settle(slot, now, rq->clock_task);
	blame_leave(slot);
	blame_join(slot, waiter->generation, cpu, now, 0);
}

/* For a thread that waits while user space reads: what is not booked yet, and on whom. */
static __always_inline void blame_progress(__u32 slot, struct sched_thread *thread,
					   struct sched_progress *progress, __u64 now)
{
	struct sched_waiter *waiter = bpf_map_lookup_elem(&waiters, &slot);
	struct task_struct *task = (void *)thread->task, *runs;
	__u64 since;

	progress->pair.ns = 0;
	if (!waiter || !waiter->place)
		return;
	since = *(volatile __u64 *)&waiter->since; /* its CPU may book meanwhile */
	if ((__s64)(now - since) <= 0)
		return;
	runs = BPF_CORE_READ(task, se.cfs_rq, rq, curr);
	if (!runs)
		return;
	__builtin_memset(&progress->pair, 0, sizeof(progress->pair));
	progress->pair.key.victim = slot;
	progress->pair.key.generation = thread->generation;
	blame_name(&progress->pair.key, runs, false);
	blame_describe(&progress->pair, runs);
	progress->pair.ns = unthrottled(slot, waiter, since, now);
}

#endif
