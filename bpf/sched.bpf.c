// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long was each thread of a VM on a CPU, ready for one, halted or blocked?
 */
#include "blame.bpf.h"
#include "first.bpf.h"
#include "node.bpf.h"
#include "timeline.bpf.h"
#include "wait.bpf.h"

#define COST_SAMPLE 64 /* one in so many switches is timed */

const volatile bool send_events = false;
const volatile __u64 event_min_ns = 0;

#define VCPU_FILE "kvm-vcpu:"	       /* virt/kvm/kvm_main.c, create_vcpu_fd() */
#define ANON_INODE_FS_MAGIC 0x09041934 /* include/uapi/linux/magic.h */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sched_cpu);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1);
} events SEC(".maps");

/* What a switch is about, handed to those that deal with its two sides. */
struct sched_switch_args {
	struct side prev;
	struct side next;
	__u64 now; /* by the run queue's clock */
	__u32 cpu;
};

static __always_inline void send_event(__u32 slot, struct sched_thread *thread,
				       struct sched_switch_args *args, const struct wait *wait)
{
	struct sched_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&losses.events, 1);
		return;
	}
	event->time_ns = bpf_ktime_get_ns();
	event->queued_rq = wait->queued_rq;
	event->run_rq = args->now;
	event->wait_ns = wait->ns;
	event->throttled_ns = wait->throttled_ns;
	event->slot = slot;
	event->generation = thread->generation;
	event->cause = wait->cause;
	event->from_cpu = thread->cpu;
	event->to_cpu = args->cpu;
	event->prev_tid = args->prev.task->pid;
	event->prev_tgid = args->prev.task->tgid;
	event->pad = 0;
	bpf_probe_read_kernel(event->prev_comm, sizeof(event->prev_comm), args->prev.task->comm);
	/* Woken for each, the reader would preempt a vCPU, which is an event again. */
	bpf_ringbuf_submit(event, bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > SCHED_EVENTS_WAKE
					  ? BPF_RB_FORCE_WAKEUP
					  : BPF_RB_NO_WAKEUP);
}

/* The thread gets its turn on this CPU. */
static __always_inline void thread_arrive(__u32 slot, struct sched_thread *thread,
					  struct sched_switch_args *args)
{
	const struct side *next = &args->next;
	struct state_before before;
	struct wait wait = {};
	bool known;

	if (send_blame)
		blame_leave(slot);
	compat_write_begin(&thread->sequence);
	known = thread->state != SCHED_FOUND || thread_begin(slot, thread, next, args->now, false);
	before = state_before(thread);
	wait.ns = arrival_wait(thread, next->task, args->now);
	if (known)
		end_wait(thread, &wait, args->now);
	if (next->kvm_run &&
	    (thread->notifier != next->kvm_run || (thread->vcpu == SCHED_NO_VCPU && kvm.known)))
		thread_identify(thread, next->kvm_run);
	if (send_events && known && wait.ns >= event_min_ns)
		send_event(slot, thread, args, &wait);
	if (known)
		send_change(slot, thread, next, before, wait.queued_rq, wait.ns, args->prev.task);
	count_node(slot, thread, 0);
	thread->cpu = args->cpu;
	compat_write_end(&thread->sequence);
}

/*
 * Where a task that leaves its CPU goes. Inside KVM_RUN an interruptible sleep
 * is kvm_vcpu_block(): the guest halted.
 */
static __always_inline __u32 departure_state(const struct side *prev, bool preempt, __u32 state)
{
	if (preempt || !state)
		return SCHED_READY;
	if (prev->kvm_run && state & TASK_INTERRUPTIBLE)
		return SCHED_HALT;
	return SCHED_BLOCK;
}

/*
 * A thread leaves whose arrival was not seen, on a kernel that hides some switches. The kernel's
 * books tell when it arrived.
 */
static __always_inline void make_up_arrival(__u32 slot, struct sched_thread *thread,
					    const struct side *side, __u64 now)
{
	struct state_before before = state_before(thread);
	struct wait wait = { .ns = arrival_wait(thread, side->task, now) };
	__u64 ran = now - side->task->sched_info.last_arrival;

	if (ran > now - thread->since_rq)
		ran = now - thread->since_rq;
	__sync_fetch_and_add(&losses.missed, 1);
	end_wait(thread, &wait, now - ran);
	send_change(slot, thread, side, before, wait.queued_rq, wait.ns, NULL);
}

/* The thread leaves its CPU, for next or, at its exit, before that is known: NULL. */
static __always_inline void thread_depart(__u32 slot, struct sched_thread *thread,
					  const struct side *side, __u32 state, __u64 now,
					  struct task_struct *next)
{
	struct state_before before;
	__u64 ran;

	compat_write_begin(&thread->sequence);
	if (thread->state == SCHED_FOUND)
		thread_begin(slot, thread, side, now, true);
	else if (thread->state != SCHED_RUN)
		make_up_arrival(slot, thread, side, now);
	before = state_before(thread);
	ran = clock_growth(thread, now);
	thread->run_ns += ran;
	count_node(slot, thread, ran);
	thread->state = state;
	thread->since_rq = now;
	send_change(slot, thread, side, before, 0, 0, next);
	compat_write_end(&thread->sequence);
}

static __always_inline void switch_out(struct sched_switch_args *args, __u32 state)
{
	struct side *prev = &args->prev;
	struct sched_thread *thread;
	__u32 slot = prev->slot - 1;

	if (prev->slot) {
		thread = bpf_map_lookup_elem(&threads, &slot);
		if (!thread || ignored(slot, thread))
			return;
		thread_depart(slot, thread, prev, state, args->now, args->next.task);
		if (send_blame && state == SCHED_READY)
			blame_join(slot, thread->generation, args->cpu, args->now,
				   prev->task->se.cfs_rq->rq->clock_task);
	} else if (prev->vm) {
		thread_create(prev, state, args->cpu, args->now);
	}
}

static __always_inline void switch_in(struct sched_switch_args *args)
{
	struct side *next = &args->next;
	struct sched_thread *thread;
	__u32 slot = next->slot - 1;

	if (next->slot) {
		thread = bpf_map_lookup_elem(&threads, &slot);
		if (thread && !ignored(slot, thread))
			thread_arrive(slot, thread, args);
	} else if (next->vm) {
		slot = thread_create(next, SCHED_RUN, args->cpu, args->now) - 1;
		thread = bpf_map_lookup_elem(&threads, &slot);
		/* Skips the wait that ends now: nobody knows how it began. */
		if (thread)
			arrival_wait(thread, next->task, args->now);
	}
}

/* When this switch began, if it is one to be timed; else 0. */
static __always_inline __u64 cost_begin(struct sched_cpu *counters)
{
	return counters->runs++ % COST_SAMPLE ? 0 : bpf_ktime_get_ns();
}

static __always_inline void cost_end(struct sched_cpu *counters, __u64 begin)
{
	if (!begin)
		return;
	counters->samples++;
	counters->sample_ns += bpf_ktime_get_ns() - begin;
}

static __always_inline struct side task_side(struct task_struct *task)
{
	struct side side = {
		.task = task,
		.kvm_run = kvm_run_notifier(task),
		.slot = task_slot(task),
	};

	side.notifier = side.kvm_run;
	if (!side.slot)
		side.vm = task_vm(task, side.notifier);
	return side;
}

/* Before anything is counted: notes how a thread that the scan has found leaves its CPU. */
static __always_inline void note_departure(const struct side *prev, __u32 state)
{
	__u32 slot = prev->slot - 1;
	struct sched_thread *thread = bpf_map_lookup_elem(&threads, &slot);

	if (prev->slot && thread)
		thread->left_as = state;
}

/* A function of its own, so that a switch between tasks in no VM saves no registers for it. */
static __noinline int switch_threads(__u64 *ctx)
{
	struct sched_switch_args args = {
		.prev = task_side((void *)ctx[1]),
		.next = task_side((void *)ctx[2]),
		.cpu = bpf_get_smp_processor_id(),
	};
	struct sched_cpu *counters = bpf_map_lookup_elem(&cpus, &args.cpu);
	__u32 state = departure_state(&args.prev, ctx[0], compat_switch_state(ctx));
	__u64 begin;

	if (!enabled)
		note_departure(&args.prev, state);
	if (!enabled || !counters)
		return 0;
	/* A thread whose arrival was not seen still counts as waiting. */
	if (send_blame && args.prev.slot)
		blame_leave(args.prev.slot - 1);
	if (send_blame)
		blame_switch(args.prev.task, args.cpu);
	if (!args.prev.slot && !args.next.slot && !args.prev.vm && !args.next.vm)
		return 0;
	begin = cost_begin(counters);
	/* Both tasks are on this CPU's run queue. */
	args.now = compat_rq_clock(args.next.task);
	switch_out(&args, state);
	switch_in(&args);
	cost_end(counters, begin);
	return 0;
}

/* A thread that arrives inside KVM_RUN left inside it, and was found then or by the scan. */
static __always_inline bool concerns_vm(__u64 *ctx)
{
	struct task_struct *prev = (void *)ctx[1], *next = (void *)ctx[2];

	return kvm_run_notifier(prev) || is_tracked(prev) || is_tracked(next);
}

/*
 * One of these three is loaded, by what was asked for: a flag would be a load from a page that
 * nobody else has touched lately.
 */
SEC("?tp_btf/sched_switch")
int sched_switch(__u64 *ctx)
{
	return concerns_vm(ctx) ? switch_threads(ctx) : 0;
}

/* With --blame: also where somebody waits. */
SEC("?tp_btf/sched_switch")
int sched_switch_blame(__u64 *ctx)
{
	if (!concerns_vm(ctx) && !wait_list_of(bpf_get_smp_processor_id()))
		return 0;
	return switch_threads(ctx);
}

/* With a VM's other threads, which any task may be. */
SEC("?tp_btf/sched_switch")
int sched_switch_threads(__u64 *ctx)
{
	return switch_threads(ctx);
}

/* The slot of a thread that --blame follows, or -1. */
static __always_inline __s32 followed_slot(struct task_struct *task, struct sched_thread **thread)
{
	__u32 slot = is_tracked(task) ? task_slot(task) - 1 : ~0U;

	*thread = bpf_map_lookup_elem(&threads, &slot);
	return enabled && *thread && !ignored(slot, *thread) ? (__s32)slot : -1;
}

/* With --blame. After the task was put on a run queue, whose lock is held. */
SEC("tp_btf/sched_wakeup")
int sched_wakeup(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct sched_thread *thread;
	__s32 slot = followed_slot(task, &thread);

	if (slot >= 0 && thread)
		blame_wake(slot, thread, task);
	return 0;
}

/* With --blame. A task that waits is still of the old run queue, whose lock is held. */
SEC("tp_btf/sched_migrate_task")
int sched_migrate_task(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct sched_thread *thread;
	__s32 slot = followed_slot(task, &thread);

	if (slot >= 0 && thread)
		blame_migrate(slot, task, ctx[1]);
	return 0;
}

/* The last event of a thread: its slot waits for user space to read it. */
SEC("tp_btf/sched_process_exit")
int sched_process_exit(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	__u16 *entry = slot_entry(task->pid);
	struct side side = { .task = task, .kvm_run = kvm_run_notifier(task) };
	struct sched_thread *thread;
	__u64 now, fresh;
	__u32 slot;

	forget_verdict(task);
	if (!entry || !*entry)
		return 0;
	slot = *entry - 1;
	*entry = 0;
	if (slot == SCHED_LEFT_OUT - 1) {
		__sync_fetch_and_add(&left_out, -1);
		return 0;
	}
	set_tracked(task->pid, false);
	thread = bpf_map_lookup_elem(&threads, &slot);
	if (!thread)
		return 0;
	now = compat_rq_clock(task);
	/* The clock is old by now: by a tick, or more without ticks. */
	fresh = bpf_ktime_get_ns() - clock_offset;
	if (clock_offset && fresh > now)
		now = fresh;
	thread_depart(slot, thread, &side, SCHED_GONE, now, NULL);
	thread->task = 0;
	return 0;
}

/*
 * Seen from a program that user space runs, right after a sched_yield(), which
 * brings the run queue's clock up to date. Delays make it larger, never smaller.
 */
static __always_inline __u64 read_clock_offset(void)
{
	struct task_struct *self = (void *)bpf_get_current_task();
	__u64 rq_clock = BPF_CORE_READ(self, se.cfs_rq, rq, clock);

	return bpf_ktime_get_ns() - rq_clock;
}

/*
 * Notes the vCPUs among a process's open files: what KVM calls them cannot be forged there. In the
 * VMM a vCPU's thread is like any other, and one that is hardly ever interrupted in its guest would
 * not be found for seconds.
 */
SEC("iter/task_file")
int sched_find_vcpus(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;
	struct vcpu_file vcpu = {};
	char name[sizeof(VCPU_FILE)];
	struct dentry *entry;
	struct pid *pid;
	__u64 address;
	__u32 tid;

	if (!file || !ctx->task || !kvm.known)
		return 0;
	entry = file->f_path.dentry;
	if (entry->d_sb->s_magic != ANON_INODE_FS_MAGIC ||
	    bpf_probe_read_kernel(name, sizeof(name), entry->d_name.name))
		return 0;
	for (unsigned int i = 0; i < sizeof(VCPU_FILE) - 1; i++)
		if (name[i] != VCPU_FILE[i])
			return 0;
	address = (__u64)BPF_CORE_READ(file, private_data);
	if (bpf_probe_read_kernel(&pid, sizeof(pid), (void *)(address + kvm.pid)))
		return 0;
	tid = BPF_CORE_READ(pid, numbers[0].nr);
	vcpu.pid = (__u64)pid;
	vcpu.notifier = address + kvm.notifier;
	if (tid)
		bpf_map_update_elem(&vcpu_files, &tid, &vcpu, BPF_ANY);
	return 0;
}

/*
 * Threads that are there already. Runs before sched_switch is enabled, so nobody else
 * takes a slot meanwhile. Their books begin later: see first.bpf.h.
 */
SEC("iter/task")
int sched_scan(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct side side = { .task = task };
	struct vcpu_file *vcpu;
	__u32 state, tid;

	if (!task || task_slot(task))
		return 0;
	tid = task->pid;
	side.kvm_run = side.notifier = kvm_run_notifier(task);
	vcpu = bpf_map_lookup_elem(&vcpu_files, &tid);
	if (!side.notifier && vcpu && vcpu->pid == (__u64)task->thread_pid)
		side.notifier = vcpu->notifier;
	side.vm = task_vm(task, side.notifier);
	if (!side.vm)
		return 0;
	state = departure_state(&side, false, compat_task_state(task));
	thread_create(&side, state, task->wake_cpu, bpf_ktime_get_ns() - read_clock_offset());
	return 0;
}

/* Not static, for the verifier: see throttled_time(). */
__noinline int thread_progress(__u32 slot, __u64 now)
{
	struct sched_thread *thread = bpf_map_lookup_elem(&threads, &slot);
	struct sched_progress *item = bpf_map_lookup_elem(&progress, &slot);
	struct task_struct *task;
	__u64 begin = 0, since;
	__u32 state;

	if (!thread || !item || ignored(slot, thread))
		return 0;
	if (item->queued)
		item->queued = 0;
	task = (void *)thread->task;
	if (!task)
		return 0;
	if (thread->state == SCHED_FOUND)
		first_look(slot);
	state = known_state(slot, thread);
	since = thread->state == SCHED_FOUND ? item->first.begin_rq : thread->since_rq;
	if (state == SCHED_HALT || state == SCHED_BLOCK)
		begin = item->queued = BPF_CORE_READ(task, sched_info.last_queued);
	else if (state == SCHED_READY)
		begin = since;
	/* It was queued before its books began. */
	if (begin && begin < since && thread->state == SCHED_FOUND)
		begin = item->queued = since;
	if (!begin)
		return 0;
	item->throttled_ns = throttled_time(thread->task, thread->cpu, begin, now);
	if (send_blame)
		blame_progress(slot, thread, item, now);
	return 0;
}

/*
 * User space runs this before it reads, for the threads that wait: a sleeping thread's wake-up has
 * no hook, but sched_info knows of it. Arguments: the first slot, and clock_offset; or 0, which
 * measures the offset and does nothing else.
 */
SEC("raw_tp")
int sched_progress(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 first = ctx->args[0];
	__u64 offset = ctx->args[1], now = bpf_ktime_get_ns() - offset;

	if (!offset) {
		clock_offset = read_clock_offset();
		return 0;
	}
	for (__u32 i = 0; i < SCHED_PROGRESS_BATCH && first + i < SCHED_SLOTS; i++)
		thread_progress(first + i, now);
	return 0;
}
