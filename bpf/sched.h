/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What sched.bpf.c and user/probe/sched.c share. All times are ns. Durations are differences of the
 * run queues' clock, which the scheduler's own accounting uses.
 */
#ifndef KVMQ_SCHED_H
#define KVMQ_SCHED_H

#include "hist.h"

#define SCHED_SLOTS 32768 /* threads tracked at once, at most */
#define SCHED_SLOTS_MIN 4096
#define SCHED_NO_SLOT (~0U)
#define SCHED_LEFT_OUT 0xffff /* in the slot table: a vCPU that the filter leaves out */
#define SCHED_VERDICT_BITS 12 /* log2 of the verdicts in one element of vm_verdicts */
#define SCHED_TIDS_BITS 10    /* thread ids in one element of the slot table */
#define SCHED_TIDS (1U << SCHED_TIDS_BITS)
#define SCHED_BITMAP_BITS 12 /* log2 of the bits in one element of vm_tgids */
#define SCHED_PROGRESS_BATCH 256
#define SCHED_EVENTS_SIZE (2 * 1024 * 1024)
#define SCHED_EVENTS_WAKE (SCHED_EVENTS_SIZE / 4) /* bytes unread that wake the reader */
#define SCHED_WAITERS 30	/* waiting for one CPU and booked on others at once */
#define SCHED_BLAME_PAIRS 16384 /* victim and offender, told apart at once */
#define SCHED_CGROUP 32		/* of its name: the last folder */
#define SCHED_CHANGES_SIZE (8 * 1024 * 1024)
#define SCHED_CHANGES_WAKE (SCHED_CHANGES_SIZE / 4)
#define SCHED_NODES 64 /* NUMA nodes, told apart by their ids */
#define SCHED_MOVES_SIZE (256 * 1024)
#define SCHED_COMM 16
#define SCHED_NO_VCPU (-1)

enum thread_state {
	SCHED_FREE,  /* nobody's slot */
	SCHED_RUN,   /* on a CPU */
	SCHED_READY, /* left its CPU while runnable, waits for the next turn */
	SCHED_HALT,  /* asleep in KVM_RUN: the guest executed HLT */
	SCHED_BLOCK, /* off the CPU and in no run queue for any other reason */
	SCHED_GONE,  /* the thread has exited: user space may free the slot */
	SCHED_FOUND, /* by the scan: its books have not begun, see sched_first */
};

/* Where a thread is while it is on a CPU. */
enum sched_place {
	SCHED_IN_VMM,
	SCHED_IN_KVM, /* in KVM_RUN */
	SCHED_IN_GUEST,
};

enum thread_kind {
	SCHED_VCPU,
	SCHED_THREAD, /* another thread of a VM: emulator, I/O, vhost */
};

/* Why a thread waits for a CPU. */
enum wait_cause {
	SCHED_WAKE,    /* it woke up */
	SCHED_PREEMPT, /* it was runnable when it left its CPU */
	SCHED_CAUSES,
};

/*
 * One thread. The CPU that switches the thread writes it, so one CPU at a time; sequence is odd
 * during a change. Counters only grow.
 */
struct sched_thread {
	__u32 sequence;
	__u32 generation; /* how many threads have had this slot */
	__u32 state;
	__u32 kind;
	__u32 tid;
	__s32 vcpu;    /* SCHED_NO_VCPU where it is not known */
	__u32 cpu;     /* where it runs or last ran */
	__u32 vm;      /* tgid of the VM that it works for */
	__u32 left_as; /* of one that is found: the state in which it last left a CPU */
	__u32 place;   /* enum sched_place, when its books began */
	__u32 uid;     /* whose share its slot is of */
	__u32 pad;
	__u64 task;	 /* kernel address, 0 once it has exited */
	__u64 notifier;	 /* kernel address of the vCPU's preempt notifier */
	__u64 start_ns;	 /* of its VM's process, since boot; 0: not known (vhost) */
	__u64 first_rq;	 /* its books began, by the run queue's clock */
	__u64 since_rq;	 /* in this state since, by the same */
	__u64 run_delay; /* the kernel's own sum at the last arrival */
	__u64 run_ns;
	__u64 halt_ns;
	__u64 block_ns;
	__u64 ready_ns[SCHED_CAUSES]; /* without throttled_ns */
	__u64 throttled_ns;	      /* ready, but its group was out of bandwidth */
	__u64 waits[SCHED_CAUSES];
	__u64 max_ns[SCHED_CAUSES]; /* longest wait so far */
	char comm[SCHED_COMM];	    /* when it was first seen */
	char leader[SCHED_COMM];    /* comm of its process */
	__u32 hist[SCHED_CAUSES][HIST_BUCKETS];
} __attribute__((aligned(64)));

/*
 * On which nodes a thread has run; belongs to its slot, and is written with it, inside its
 * sequence. If its generation is not that of the slot, it is the record of an earlier thread.
 */
struct sched_nodes {
	__u32 generation;
	__u32 node;  /* where it last arrived */
	__u64 moves; /* arrivals on another node than the one before */
	__u64 run_ns[SCHED_NODES];
	__u64 pad[6];
};

/* A thread arrived on another node than it last ran on. */
struct sched_move {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u32 slot;
	__u32 generation;
	__u32 from_node;
	__u32 to_node;
	__u32 from_cpu;
	__u32 to_cpu;
};

/* What the switches of one CPU cost. */
struct sched_cpu {
	__u64 runs;	 /* switches from or to a tracked thread */
	__u64 samples;	 /* of these, timed */
	__u64 sample_ns; /* time in the timed ones */
	__u64 pad[5];
};

/* What went wrong, where nothing could be reported. */
struct sched_losses {
	__u64 slots;	 /* a thread not tracked: no free slot, or an id over the table's */
	__u64 questions; /* a VM not asked about: it is at a switch of its next */
	__u64 events;	 /* a wait not sent: the ring buffer was full */
	__u64 clock;	 /* a wait longer than the time since the thread left */
	__u64 missed;	 /* an arrival not seen, made up for at the departure */
	__u64 throttled; /* throttling not told from waiting: more episodes than fit */
	__u64 blame;	 /* ready time booked on nobody: a full list or table */
	__u64 changes;	 /* a change of state not sent: the ring buffer was full */
	__u64 moves;	 /* a move to another node not sent: the ring buffer was full */
};

/* Who ran while another waited. */
enum blame_kind {
	SCHED_BLAME_IDLE,   /* nobody: the CPU was idle, or switched; see sched_waiter */
	SCHED_BLAME_VM,	    /* a thread of a VM */
	SCHED_BLAME_KERNEL, /* a kernel thread */
	SCHED_BLAME_HOST,   /* any other process */
};

struct sched_blame_key {
	__u16 victim;	       /* slot */
	__u16 kind;	       /* enum blame_kind */
	__u32 generation;      /* of the slot */
	__u64 id;	       /* VM: thread id; host: id of the cgroup */
	char comm[SCHED_COMM]; /* kernel: of the thread; host: of the process */
};

/* For each slot: whether its thread waits, up to when that is booked, and what is nobody's. */
struct sched_waiter {
	__u64 since;	  /* by the run queue's clock */
	__u64 since_task; /* by its clock without interrupts; 0: not known */
	__u32 cpu;
	__u32 place; /* in that CPU's list, + 1; 0: in none */
	__u32 generation;
	__u32 pad;
	__u64 idle_ns;
	__u64 interrupt_ns; /* or what an outer host took */
};

/*
 * How long one thread has waited for another. The CPU that the victim waits for writes it. Zeros in
 * a place that nobody has: user space clears it before it gives the place back.
 */
struct sched_pair {
	__u64 ns;
	struct sched_blame_key key; /* generation: written last; comm: VM: of the thread */
	__u32 vm;		    /* VM: its tgid */
	__u32 is_vcpu;
	char cgroup[SCHED_CGROUP]; /* host: its name */
};

/* What a thread that the scan found does when it is first asked: see first.bpf.h. */
struct sched_first {
	__u32 generation; /* of its slot, and written last; if another one, nothing is known */
	__u32 state;
	__u32 cpu;
	__u32 place; /* enum sched_place */
	__u64 begin_rq;
	__u64 run_delay; /* the kernel's own sum, with a wait that goes on, up to then */
};

/* Of a thread that waits while user space reads. */
struct sched_progress {
	__u64 queued;		/* asleep by our books, but queued since then; 0: not queued */
	__u64 throttled_ns;	/* of the wait going on */
	struct sched_pair pair; /* of the wait, what is not in the table yet, and on whom */
	struct sched_first first;
};

/*
 * Where the kvm module keeps what identifies a vCPU. The offsets are from the module's BTF. They
 * are filled in when the module is there, which may be after attaching.
 */
struct sched_kvm {
	__u32 known;
	__u32 notifier; /* of kvm_vcpu.preempt_notifier.link */
	__u32 vcpu_id;	/* of kvm_vcpu.vcpu_id */
	__u32 mode;	/* of kvm_vcpu.mode */
	__u32 pid;	/* of kvm_vcpu.pid: whose thread has run it last */
};

/* Whether a VM's threads get slots, where there is a filter. */
enum sched_verdict {
	SCHED_UNASKED,
	SCHED_ASKED, /* user space has not answered */
	SCHED_WANTED,
	SCHED_UNWANTED,
};

/* A thread was found; slot and generation say which. SCHED_NO_SLOT: is its VM wanted? */
struct sched_news {
	__u32 slot;
	__u32 generation;
	__u32 tid;
	__u32 vm;
	__u64 start_ns; /* of its process, since boot */
	char comm[SCHED_COMM];
	char leader[SCHED_COMM];
};

/* One wait, sent when it has ended. */
struct sched_event {
	__u64 time_ns;	    /* it got its CPU, by CLOCK_MONOTONIC */
	__u64 queued_rq;    /* it became ready, by the run queue's clock */
	__u64 run_rq;	    /* it got its CPU, by the same */
	__u64 wait_ns;	    /* by the kernel's book-keeping */
	__u64 throttled_ns; /* of these */
	__u32 slot;
	__u32 generation;
	__u32 cause;
	__u32 from_cpu; /* where it ran before */
	__u32 to_cpu;
	__u32 prev_tid; /* who left the CPU for it */
	__u32 prev_tgid;
	char prev_comm[SCHED_COMM];
	__u32 pad;
};

/*
 * A state of a thread, sent when it has ended. It begins where the thread's
 * last one ended: if not, one in between was not sent.
 */
struct sched_change {
	__u64 begin_rq;	 /* by the run queue's clock */
	__u64 end_rq;	 /* by the same */
	__u64 queued_rq; /* of a state off the CPU: it was ready since */
	__u64 wait_ns;	 /* of the same: its wait by the kernel's book-keeping */
	__u32 slot;
	__u32 generation;
	__u32 state;	 /* that has ended */
	__u32 next;	 /* that begins */
	__u32 cpu;	 /* of the switch that ended it */
	__u32 kvm_run;	 /* whether the thread was in KVM_RUN at the end */
	__u32 other_tid; /* the switch's other task: who left the CPU, or got it */
	__u32 other_tgid;
	char other_comm[SCHED_COMM];
};

_Static_assert(sizeof(struct sched_thread) % 64 == 0, "slots share no cache line");
_Static_assert(sizeof(struct sched_nodes) % 64 == 0, "slots share no cache line");
_Static_assert(sizeof(struct sched_move) == 32, "no implicit padding");
_Static_assert(sizeof(struct sched_cpu) == 64, "CPUs share no cache line");
_Static_assert(sizeof(struct sched_blame_key) == 32, "no implicit padding");
_Static_assert(SCHED_SLOTS <= 1 << 16, "a pair's victim is a slot");
_Static_assert(sizeof(struct sched_news) == 56, "no implicit padding");
_Static_assert(sizeof(struct sched_event) == 88, "no implicit padding");
_Static_assert(sizeof(struct sched_change) == 80, "no implicit padding");

#endif
