/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kvm.bpf.c and user/probe/kvm.c share. Slots and generations are those of
 * sched.h. Times are ns: moments by CLOCK_MONOTONIC.
 */
#ifndef KVMQ_KVM_H
#define KVMQ_KVM_H

#include "hist.h"
#include "sched.h"

#define KVM_REASON_KEYS 256
#define KVM_REASONS_MAX 65535 /* table entries: their numbers + 1 are 16 bits */
#define KVM_REASON_VM_PARTS 2 /* of them, a VM may have so many times fewer than its user */
#define KVM_EVENTS_SIZE (2 * 1024 * 1024)
#define KVM_EVENTS_WAKE (KVM_EVENTS_SIZE / 4) /* bytes unread that wake the reader */

/* What the processor has: decides what an exit code means (arch/x86/kvm/trace.h). */
enum kvm_isa {
	KVM_ISA_UNKNOWN,
	KVM_ISA_VMX,
	KVM_ISA_SVM,
};

/* Exit codes that no processor has. */
#define KVM_CODE_OTHER 0xfffffffeU /* all that have no key of their own */

/* Where a vCPU thread is while it is on a CPU. */
enum kvm_mode {
	KVM_MODE_GUEST,
	KVM_MODE_KVM,
	KVM_MODE_VMM,
};

/* Who handles an exit. */
enum kvm_part {
	KVM_PART_KERNEL,
	KVM_PART_USER,
	KVM_PARTS,
};

/* The exit that is being handled. */
struct kvm_exit {
	__u64 time_ns; /* when it was seen */
	__u64 rip;     /* of the guest */
	__u64 handle_ns[KVM_PARTS];
	__u64 block_ns[KVM_PARTS]; /* asleep meanwhile, but not halted */
	__u64 off_ns;		   /* all that it was off the CPU for, halted or not */
	__u32 code;
	__u8 known;
	__u8 rip_known;
	__u8 to_user; /* it went to the VMM */
	__u8 pad;
};

/*
 * One vCPU. Its own thread alone writes it; sequence is odd during a change. Counters only grow. If
 * its generation is not that of the slot, it is the record of an earlier thread. What all that look
 * at costs, which is read each second, is in the first 64 bytes.
 */
struct kvm_vcpu_times {
	__u32 sequence;
	__u32 generation;
	__u64 runs;	 /* of the programs, for this vCPU */
	__u64 samples;	 /* of these, timed */
	__u64 sample_ns; /* time in the timed ones */
	__u64 since_ns;	 /* in this mode since */
	__u64 off_ns;	 /* its beginning plus its time off the CPU at that moment */
	__u64 exits;
	__u32 mode;
	__u32 poll_known; /* whether this kernel counts the time of polling */
	__u64 guest_ns;
	__u64 kvm_ns;
	__u64 vmm_ns;
	__u64 poll_ns;
	__u64 block_ns;	 /* the time in which it was blocked */
	__u64 poll_stat; /* KVM's count of its polling, as last seen */
	__u64 vcpu;	 /* kernel address of the vCPU, 0: not seen yet */
	__u64 first_ns;	 /* what is counted here begins then */
	__u64 first_off; /* off_ns at that moment */
	struct kvm_exit exit;
	__u16 reasons[KVM_REASON_KEYS]; /* place of a key in the table + 1 */
} __attribute__((aligned(64)));

/*
 * All handled exits of one vCPU for one reason. Written as above. User space takes the place back
 * with the slot; whoever gets it next clears it.
 */
struct kvm_reason {
	__u32 sequence;
	__u32 generation;
	__u32 code;
	__u32 pad;
	__u64 count[KVM_PARTS]; /* handled by the kernel alone; by the VMM, too */
	__u64 handle_ns[KVM_PARTS];
	__u64 block_ns[KVM_PARTS];
	__u64 max_ns;			     /* the longest handling, both parts together */
	__u32 hist[KVM_PARTS][HIST_BUCKETS]; /* of that, by who handled it last */
} __attribute__((aligned(64)));

/* What went wrong where nobody could be told. */
struct kvm_losses {
	__u64 reasons; /* an exit not booked by its reason: the table is full */
	__u64 events;  /* an exit not sent: the ring buffer was full */
	__u64 order;   /* an exit without an entry before it */
};

/* An exit that was handled. */
struct kvm_exit_event {
	__u64 time_ns; /* the exit */
	__u64 end_ns;  /* the entry that ends its handling */
	__u64 rip;
	__u64 handle_ns[KVM_PARTS];
	__u64 block_ns[KVM_PARTS];
	__u64 off_ns;
	__u32 slot;
	__u32 generation;
	__u32 code;
	__u32 rip_known;
};

_Static_assert(sizeof(struct kvm_exit) == 64, "no implicit padding");
_Static_assert(__builtin_offsetof(struct kvm_vcpu_times, guest_ns) == 64,
	       "costs are in one cache line");
_Static_assert(sizeof(struct kvm_vcpu_times) % 64 == 0, "vCPUs share no cache line");
_Static_assert(sizeof(struct kvm_reason) % 64 == 0, "reasons share no cache line");
_Static_assert(sizeof(struct kvm_exit_event) == 80, "no implicit padding");

#endif
