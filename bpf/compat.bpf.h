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

/*
 * The same for a task that is not the verifier's. A function, since in a caller's loop the compiler
 * would hoist the offset of a member that is not there.
 */
static __noinline __attribute__((unused)) __u32 compat_task_state_at(struct task_struct *task)
{
	struct task_struct___before_5_14 *old = (void *)task;

	if (bpf_core_field_exists(old->state))
		return BPF_CORE_READ(old, state);
	return BPF_CORE_READ(task, __state);
}

/*
 * An int, and a byte in 7.x, with others beside it: BPF_CORE_READ() copies as many bytes as
 * vmlinux.h says, not as many as the kernel has.
 */
static __always_inline bool compat_task_on_cpu(struct task_struct *task)
{
	return BPF_CORE_READ_BITFIELD_PROBED(task, on_cpu);
}

/* Members that vmlinux.h leaves out because only this file reads them. */
struct cred___kvmq {
	struct {
		__u32 val;
	} uid;
} __attribute__((preserve_access_index));

struct signal_struct___kvmq {
	struct {
		int counter;
	} live;
} __attribute__((preserve_access_index));

struct task_struct___kvmq {
	const struct cred___kvmq *cred;
	struct signal_struct___kvmq *signal;
} __attribute__((preserve_access_index));

/* The user that a task runs as, by the first user namespace's numbers. */
static __noinline __attribute__((unused)) __u32 compat_uid(struct task_struct *task)
{
	return BPF_CORE_READ((struct task_struct___kvmq *)task, cred, uid.val);
}

/* At the exit of a thread: whether it is the last one of its process. */
static __always_inline bool compat_is_last_thread(struct task_struct *task)
{
	return BPF_CORE_READ((struct task_struct___kvmq *)task, signal, live.counter) <= 0;
}

static __always_inline __u32 compat_switch_state(__u64 *ctx)
{
	if (compat_switch_has_state)
		return ctx[3];
	return compat_task_state((void *)ctx[1]);
}

/*
 * The clock of the run queue that a task is on, as of its last update, which the scheduler makes on
 * its way to sched_switch. The path through cfs_rq works for tasks of every class (set_task_rq). It
 * needs no symbol of the kernel, which a kernel without KALLSYMS_ALL lacks.
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

/* Writes what tells readers that all that was written before is there. */
static __always_inline void compat_publish(__u32 *word, __u32 value)
{
#ifdef __TARGET_ARCH_x86
	barrier();
	*(volatile __u32 *)word = value;
#else
	__sync_fetch_and_add(word, value - *word);
#endif
}

/*
 * KVM's own types, which are not in vmlinux.h: they are in the BTF of KVM's modules. Only what is
 * read; libbpf ignores what follows ___ in a name.
 */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kvm_vcpu_stat_generic___kvmq {
	__u64 halt_poll_success_ns;
	__u64 halt_poll_fail_ns;
};

struct kvm_vcpu_stat___kvmq {
	struct kvm_vcpu_stat_generic___kvmq generic; /* since 0193cc908b5a (5.14) */
};

struct kvm_vcpu_arch___kvmq {
	unsigned long regs[17];
	__u32 regs_avail;
	bool guest_state_protected;
};

struct kvm___kvmq;

struct kvm_vcpu___kvmq {
	struct kvm___kvmq *kvm;
	struct kvm_vcpu_arch___kvmq arch;
	struct kvm_vcpu_stat___kvmq stat;
};

/* A member of its own, and a bitmap, in 7.x. */
struct kvm_vcpu_arch___rip {
	unsigned long rip;
	unsigned long regs_avail[1];
};

struct kvm_vcpu___rip {
	struct kvm_vcpu_arch___rip arch;
};

struct vmcb_control_area___kvmq {
	__u32 exit_code; /* 64 bits in 7.x: the upper half says nothing more */
};

struct vmcb___kvmq {
	struct vmcb_control_area___kvmq control;
};

struct vcpu_svm___kvmq {
	struct vmcb___kvmq *vmcb;
};

union vmx_exit_reason___kvmq {
	__u32 full;
};

struct vcpu_vmx___before_6_16 {
	union vmx_exit_reason___kvmq exit_reason;
};

/* What VMX and TDX have in common since 6.16. */
struct vcpu_vt___kvmq {
	union vmx_exit_reason___kvmq exit_reason;
};

struct vcpu_vmx___kvmq {
	struct vcpu_vt___kvmq vt;
};

/* The memory slots of a VM: in a hash table by id since a54d806688fe (5.17). */
struct kvm_memslots___kvmq {
	struct hlist_head id_hash[128];
	int node_idx;
};

struct kvm_memory_slot___kvmq {
	struct hlist_node id_node[2];
	unsigned long npages;
	unsigned long userspace_addr;
};

struct kvm___kvmq {
	struct mm_struct *mm;
	int userspace_pid;
	struct kvm_memslots___kvmq *memslots[1];
};

/* struct page, and struct folio alike. */
struct page___kvmq {
	unsigned long flags;
};

/* A struct of its own in 7.x. */
struct memdesc_flags___kvmq {
	unsigned long f;
};

struct page___memdesc {
	struct memdesc_flags___kvmq flags;
};

#pragma clang attribute pop

#define COMPAT_RIP_BIT (1UL << 16) /* VCPU_REGS_RIP, arch/x86/include/asm/kvm_host.h */

/* A vCPU is the first member of what a vendor's module keeps of it. */
static __always_inline __u32 compat_exit_code_svm(void *vcpu)
{
	struct vcpu_svm___kvmq *svm = vcpu;

	if (!bpf_core_field_exists(svm->vmcb))
		return 0;
	return BPF_CORE_READ(svm, vmcb, control.exit_code);
}

static __always_inline __u32 compat_exit_code_vmx(void *vcpu)
{
	struct vcpu_vmx___before_6_16 *old = vcpu;
	struct vcpu_vmx___kvmq *vmx = vcpu;

	if (bpf_core_field_exists(vmx->vt.exit_reason.full))
		return BPF_CORE_READ(vmx, vt.exit_reason.full);
	if (bpf_core_field_exists(old->exit_reason.full))
		return BPF_CORE_READ(old, exit_reason.full);
	return 0;
}

static __always_inline bool compat_has_poll_time(void)
{
	return bpf_core_field_exists(struct kvm_vcpu_stat_generic___kvmq, halt_poll_success_ns);
}

/* ns that a vCPU has polled for the end of a halt. For a program's own argument. */
static __always_inline __u64 compat_poll_time(struct kvm_vcpu___kvmq *vcpu)
{
	if (!compat_has_poll_time())
		return 0;
	return vcpu->stat.generic.halt_poll_success_ns + vcpu->stat.generic.halt_poll_fail_ns;
}

/* The same, for an address. */
static __always_inline __u64 compat_poll_time_at(__u64 address)
{
	struct kvm_vcpu___kvmq *vcpu = (void *)address;

	if (!compat_has_poll_time())
		return 0;
	return BPF_CORE_READ(vcpu, stat.generic.halt_poll_success_ns) +
	       BPF_CORE_READ(vcpu, stat.generic.halt_poll_fail_ns);
}

/* The guest's RIP, if KVM has read it from the processor. */
static __always_inline bool compat_guest_rip(void *pointer, __u64 *rip)
{
	struct kvm_vcpu___kvmq *vcpu = pointer;
	struct kvm_vcpu___rip *vcpu_7 = pointer;

	if (bpf_core_field_exists(vcpu->arch.guest_state_protected) &&
	    BPF_CORE_READ(vcpu, arch.guest_state_protected))
		return false;
	if (bpf_core_field_exists(vcpu_7->arch.rip)) {
		*rip = BPF_CORE_READ(vcpu_7, arch.rip);
		return BPF_CORE_READ(vcpu_7, arch.regs_avail[0]) & COMPAT_RIP_BIT;
	}
	if (!bpf_core_field_exists(vcpu->arch.regs_avail))
		return false;
	*rip = BPF_CORE_READ(vcpu, arch.regs[16]);
	return BPF_CORE_READ(vcpu, arch.regs_avail) & COMPAT_RIP_BIT;
}

/* A VM's list of memory slots, by the address of one of its vCPUs; NULL: not known. */
static __always_inline struct kvm_memslots___kvmq *compat_memslots(void *pointer)
{
	struct kvm_vcpu___kvmq *vcpu = pointer;
	struct kvm___kvmq *kvm;

	if (!bpf_core_field_exists(struct kvm_memslots___kvmq, id_hash))
		return NULL;
	kvm = BPF_CORE_READ(vcpu, kvm);
	return BPF_CORE_READ(kvm, memslots[0]);
}

/* The first node in a bucket of the hash table. */
static __always_inline void *compat_memslots_first(struct kvm_memslots___kvmq *slots, __u32 bucket)
{
	__u64 table = (__u64)slots + bpf_core_field_offset(struct kvm_memslots___kvmq, id_hash);
	void *first = NULL;

	bpf_probe_read_kernel(&first, sizeof(first), (void *)(table + bucket * sizeof(first)));
	return first;
}

/* Of the slot that has this node in the list: its place in the VMM. Returns the next node. */
static __always_inline void *compat_memslot(struct kvm_memslots___kvmq *slots, void *node,
					    __u64 *begin, __u64 *pages)
{
	struct hlist_node *link = node;
	struct kvm_memory_slot___kvmq *slot;
	__u32 offset = bpf_core_field_offset(struct kvm_memory_slot___kvmq, id_node[0]);

	if (BPF_CORE_READ(slots, node_idx))
		offset = bpf_core_field_offset(struct kvm_memory_slot___kvmq, id_node[1]);
	slot = node - offset;
	*begin = BPF_CORE_READ(slot, userspace_addr);
	*pages = BPF_CORE_READ(slot, npages);
	return BPF_CORE_READ(link, next);
}

/* The process of a VM, if mm is its memory; else 0. */
static __always_inline __u32 compat_vm_of(void *pointer, struct mm_struct *mm)
{
	struct kvm___kvmq *kvm = pointer;

	return BPF_CORE_READ(kvm, mm) == mm ? BPF_CORE_READ(kvm, userspace_pid) : 0;
}

static __always_inline unsigned long compat_page_flags(void *page)
{
	struct page___memdesc *page_7 = page;
	struct page___kvmq *any = page;

	if (bpf_core_field_exists(page_7->flags.f))
		return BPF_CORE_READ(page_7, flags.f);
	return BPF_CORE_READ(any, flags);
}

#endif
