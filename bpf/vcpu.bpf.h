/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is this task part of a VM, and of which? Decided here and nowhere else.
 *
 * KVM is the only user of preempt notifiers, so a thread that has one is inside KVM_RUN. A vCPU
 * thread that is back in its VMM has none. So each thread that was seen with one is remembered in a
 * table that is indexed by thread id. That is one load, where a hash would take a walk, and no
 * allocation, which a real-time kernel forbids inside the scheduler. Those that are in their VMM at
 * the start are found by the files of their vCPUs.
 */
#ifndef KVMQ_VCPU_BPF_H
#define KVMQ_VCPU_BPF_H

#include "share.bpf.h"

#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */
#define TIDS_LIMIT (4U << 20) /* PID_MAX_LIMIT, include/linux/threads.h */
#define TASK_COMM_VHOST "vhost-"

/* Also the VM's threads that are no vCPUs. */
const volatile bool track_threads = false;

/* Set when the threads that are there already have been scanned: switches are counted. */
bool enabled = false;

struct sched_kvm kvm = {};

/* The thread ids that are in the table below, a bit for each. */
__u64 tracked[TIDS_LIMIT / 64] = {};

/*
 * How many of these have the same lower bits. A task in no VM needs nothing else: no call, and one
 * page. It is in a section of its own, which is small and not for mmap(), so that it is in the
 * kernel's direct map: the pages there are large, and in the TLB when the scheduler has used a
 * task. .bss and .rodata are in pages of 4 KiB, and a miss costs half an empty program. On a host
 * that is itself a VM, pages are no larger than those of the outer host: there this page is the one
 * miss that is left (12 to 17 ns, where an empty program takes 55 and the task's own lines 5).
 */
#define FILTER_COUNTS 8192
static volatile union {
	__u16 counts[FILTER_COUNTS]; /* each for 512 ids: never full */
	__u64 words[FILTER_COUNTS / 4];
} filter SEC(".data.filter") = {};

/* The vCPUs that have run before the scan: which thread has run each last. */
struct vcpu_file {
	__u64 pid;	/* address of the thread's: its number may be another's by now */
	__u64 notifier; /* address of the vCPU's */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SCHED_SLOTS);
	__type(key, __u32); /* the thread's id */
	__type(value, struct vcpu_file);
} vcpu_files SEC(".maps");

/* A task that is, or was, on a CPU, and the VM that it is part of. */
struct side {
	struct task_struct *task;
	__u64 kvm_run;	/* address of its notifier inside KVM_RUN, or 0 */
	__u64 notifier; /* of a vCPU's thread, also one that was found by its file; or 0 */
	__u32 slot;	/* + 1, or 0: not tracked */
	__u32 vm;	/* for a task that is not tracked: its VM's tgid, or 0 */
};

struct vm_chunk {
	__u64 bits[1 << (SCHED_BITMAP_BITS - 6)];
};

/* The processes that are VMs, a bit for each tgid; written by user space. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vm_chunk);
} vm_tgids SEC(".maps");

/* The slot of a task + 1, or 0. */
static __always_inline __u32 task_slot(struct task_struct *task)
{
	__u16 *entry = slot_entry(task->pid);

	return entry ? *entry : 0;
}

static __always_inline bool tid_is_tracked(__u32 tid)
{
	if (!filter.counts[tid & (FILTER_COUNTS - 1)])
		return false;
	tid &= TIDS_LIMIT - 1;
	return tracked[tid / 64] >> (tid % 64) & 1;
}

static __always_inline bool is_tracked(struct task_struct *task)
{
	return tid_is_tracked(task->pid);
}

/* Changes bit and count: by adding, since before 5.12 BPF has no other atomic operation. */
static __always_inline void set_tracked(__u32 tid, bool value)
{
	__u64 bit = 1ULL << (tid % 64), one = 1ULL << (tid % 4 * 16);

	__sync_fetch_and_add(&filter.words[(tid & (FILTER_COUNTS - 1)) / 4], value ? one : -one);
	__sync_fetch_and_add(&tracked[(tid & (TIDS_LIMIT - 1)) / 64], value ? bit : -bit);
}

/*
 * The address of its notifier, or 0: the task is not inside KVM_RUN. At a switch it is loaded once
 * for each side. For each pointer that a program loads from a task, the verifier of 6.4 and later
 * searches the kernel's types by name (btf_nested_type_is_trusted()): 0.7 ms each time that it
 * comes by, which was the half of the time that kvmq-cpu took to start.
 */
static __always_inline __u64 kvm_run_notifier(struct task_struct *task)
{
	return (__u64)task->preempt_notifiers.first;
}

static __always_inline bool is_vm(__u32 tgid)
{
	__u32 chunk_index = tgid >> SCHED_BITMAP_BITS;
	struct vm_chunk *chunk = bpf_map_lookup_elem(&vm_tgids, &chunk_index);
	__u32 bit = tgid & ((1 << SCHED_BITMAP_BITS) - 1);

	return chunk && chunk->bits[bit >> 6] >> (bit & 63) & 1;
}

/*
 * vhost's kernel threads are named after the process that owns them. Since
 * 6e890c5d5021 (6.4) they are threads of that process.
 */
static __always_inline pid_t vhost_owner(struct task_struct *task)
{
	char comm[SCHED_COMM] = {};
	pid_t owner = 0;

	if (!(task->flags & PF_KTHREAD) || bpf_probe_read_kernel(comm, sizeof(comm), task->comm))
		return 0;
	for (int i = 0; i < (int)sizeof(TASK_COMM_VHOST) - 1; i++)
		if (comm[i] != TASK_COMM_VHOST[i])
			return 0;
	for (int i = sizeof(TASK_COMM_VHOST) - 1; i < SCHED_COMM; i++) {
		if (comm[i] < '0' || comm[i] > '9')
			break;
		owner = owner * 10 + (comm[i] - '0');
	}
	return owner;
}

/* The tgid of the VM that a task belongs to, or 0. For tasks without a slot. */
static __always_inline __u32 task_vm(struct task_struct *task, __u64 notifier)
{
	pid_t owner;

	if (notifier)
		return task->tgid;
	/* After its exit was seen a thread still has switches to come. */
	if (!track_threads || task->flags & PF_EXITING)
		return 0;
	if (is_vm(task->tgid))
		return task->tgid;
	owner = vhost_owner(task);
	return owner && is_vm(owner) ? owner : 0;
}

/* Reads the vCPU's number, once the layout of kvm_vcpu is known. */
static __always_inline void thread_identify(struct sched_thread *thread, __u64 of)
{
	__s32 vcpu = SCHED_NO_VCPU;
	__u64 notifier;

	thread->kind = SCHED_VCPU;
	thread->notifier = of;
	/* Read back as a number: the verifier forbids arithmetic on the pointer. */
	notifier = *(volatile __u64 *)&thread->notifier;
	if (kvm.known && bpf_probe_read_kernel(&vcpu, sizeof(vcpu),
					       (void *)(notifier - kvm.notifier + kvm.vcpu_id)))
		vcpu = SCHED_NO_VCPU;
	thread->vcpu = vcpu;
}

/* Counters are 0 in a free slot: user space clears it before it returns it. */
static __always_inline void thread_init(struct sched_thread *thread, const struct side *side,
					__u64 now)
{
	struct task_struct *task = side->task, *leader = leader_of(task);

	thread->generation++;
	thread->kind = SCHED_THREAD;
	thread->vcpu = SCHED_NO_VCPU;
	thread->notifier = 0;
	if (side->notifier)
		thread_identify(thread, side->notifier);
	thread->tid = task->pid;
	thread->vm = side->vm;
	thread->task = (__u64)task;
	thread->place = side->kvm_run ? SCHED_IN_KVM : SCHED_IN_VMM;
	if (side->vm == (__u32)task->tgid)
		thread->start_ns = BPF_CORE_READ(leader, start_boottime);
	else
		thread->start_ns = 0;
	thread->first_rq = now;
	thread->since_rq = now;
	thread->run_delay = task->sched_info.run_delay;
	bpf_probe_read_kernel(thread->comm, sizeof(thread->comm), task->comm);
	bpf_probe_read_kernel(thread->leader, sizeof(thread->leader), leader->comm);
}

/* Takes a free slot for a task that has none and belongs to a VM. Returns the slot + 1, or 0. */
static __noinline __u32 thread_create(const struct side *side, __u32 state, __u32 cpu, __u64 now)
{
	struct task_struct *task = side->task;
	__u16 *entry = slot_entry(task->pid);
	struct sched_thread *thread;
	__u32 uid = compat_uid(task), slot;

	if (use_verdicts && entry && !is_let_in(task, side->vm, entry, side->notifier))
		return 0;
	if (!entry || !take_slot(uid, side->vm, &slot)) {
		__sync_fetch_and_add(&losses.slots, 1);
		return 0;
	}
	thread = bpf_map_lookup_elem(&threads, &slot);
	if (!thread)
		return 0;
	compat_write_begin(&thread->sequence);
	thread_init(thread, side, now);
	thread->uid = uid;
	thread->left_as = state;
	thread->state = enabled ? state : SCHED_FOUND;
	thread->cpu = cpu;
	compat_write_end(&thread->sequence);
	*entry = slot + 1;
	set_tracked(task->pid, true);
	/* So that it can read names while they exist. */
	announce(slot, thread->generation, task, side->vm);
	return slot + 1;
}

#endif
