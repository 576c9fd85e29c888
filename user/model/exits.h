/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the running time of vCPUs goes, and their exits, at one moment: monotonic counters beside a
 * snapshot. How they were read does not show. Times are ns.
 */
#ifndef KVMQ_EXITS_H
#define KVMQ_EXITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/hist.h"
#include "model/snapshot.h"

/* What the host's processor has. It decides what an exit code means. */
enum exit_isa {
	EXIT_ISA_UNKNOWN,
	EXIT_ISA_VMX,
	EXIT_ISA_SVM,
	EXIT_ISAS,
};

/* Where a vCPU thread was when it began to be followed. */
enum exit_place {
	EXIT_IN_VMM,
	EXIT_IN_KVM,
	EXIT_IN_GUEST,
};

/* Who handles an exit: KVM, or the VMM in user space. */
enum exit_part {
	EXIT_KERNEL,
	EXIT_USER,
	EXIT_PARTS,
};

/* Exits that have no reason of their own; see exit_reason__name(). */
#define EXIT_CODE_OTHER 0xfffffffeU

/* Only grow. guest + kvm + vmm + poll is the vCPU's time on a CPU. */
struct exit_figures {
	uint64_t guest_ns;
	uint64_t kvm_ns; /* without polling */
	uint64_t vmm_ns;
	uint64_t poll_ns; /* for the end of a halt */
	uint64_t exits;
};

/* Handled exits, by the time on a CPU that each took. */
struct exit_hist {
	uint32_t count[EXIT_PARTS][HIST_BUCKETS]; /* modulo 2^32; by KVM alone; by the VMM, too */
};

/* Only grow. All handled exits for one reason. */
struct reason_figures {
	uint64_t count[EXIT_PARTS];	/* handled by KVM alone; by the VMM, too */
	uint64_t handle_ns[EXIT_PARTS]; /* time on a CPU in KVM, and in the VMM */
	uint64_t block_ns[EXIT_PARTS];	/* asleep meanwhile, but not halted */
	uint64_t max_ns;		/* the longest handling, both parts together */
};

/* The exits of one vCPU for one reason. */
struct reason_snapshot {
	uint64_t thread; /* its id */
	uint32_t code;
	struct reason_figures figures;
	struct exit_hist hist;
};

/* One vCPU. */
struct exit_thread {
	uint64_t id;	 /* that of its identity in the snapshot */
	bool known;	 /* false: no event has told yet where it runs */
	bool poll_known; /* false: polling is in kvm_ns */
	struct exit_figures figures;
};

/* What could not be counted, since the tool started. */
struct exit_losses {
	uint64_t reasons; /* exits not booked by reason: the table is full */
	uint64_t events;  /* not shown: the ring buffer was full */
	uint64_t order;	  /* exits without an entry before, or programs that did not run */
	uint64_t torn;	  /* readings given up: the vCPU exits all the time */
};

/* What looking costs, since the tool started. */
struct exit_cost {
	uint64_t runs; /* of the programs at entries and exits */
	uint64_t samples;
	uint64_t sample_ns; /* time in the sampled ones */
};

struct exit_snapshot {
	enum exit_isa isa; /* unknown until the first exit */
	bool silent;	   /* vCPUs run, but this KVM never says that they enter or exit */
	uint64_t since_ns; /* CLOCK_MONOTONIC: counted since then; not compared with another's */
	char missing[MISSING_SIZE]; /* why nothing of it is known; empty: it is */
	struct exit_losses losses;
	struct exit_cost cost;
	LIST(struct exit_thread) threads;     /* by ascending id */
	LIST(struct reason_snapshot) reasons; /* by compare_reasons() */
};

/* An exit that was handled. */
struct exit_event {
	struct identity identity;
	enum exit_isa isa;
	uint32_t code;
	uint64_t time_ns; /* CLOCK_MONOTONIC of the exit */
	uint64_t end_ns;  /* and of the entry that ends its handling */
	uint64_t handle_ns[EXIT_PARTS];
	uint64_t block_ns[EXIT_PARTS];
	uint64_t off_ns; /* off the CPU meanwhile: halted, blocked or ready */
	uint64_t rip;	 /* of the guest */
	bool rip_known;
};

/*
 * Adds progress_ns, which a vCPU has just spent in a place, and the guest's part of it to the
 * figures; either may be negative. No figure falls below 0: what is missing is taken from the
 * largest ones, so that the sum stays right.
 */
void exit_figures__add_progress(struct exit_figures *figures, enum exit_place place,
				int64_t progress_ns, int64_t guest_ns);

/*
 * Fills in a vCPU that has neither entered nor exited since it began to be followed: on a CPU it
 * was where it was then. From within KVM it goes back to the guest, if this KVM reports entries and
 * exits. As long as the host has no exit at all, nobody knows that.
 */
void exit_thread__without_events(struct exit_thread *thread, const struct figures *figures,
				 enum exit_place place, enum exit_isa isa);

/* One more vCPU, of which all is known. NULL: memory is short. */
struct exit_thread *exit_snapshot__add(struct exit_snapshot *exits);

/*
 * Adds a reason of a vCPU at its place in the order; cheap if they come nearly in order. Pointers
 * that were returned earlier may be invalid afterwards. NULL: memory is short.
 */
struct reason_snapshot *exit_snapshot__add_reason(struct exit_snapshot *exits, uint64_t thread,
						  uint32_t code);

/* An order of reasons by thread and code. */
int compare_reasons(const void *left, const void *right);

/* Empties its lists; keeps their memory. */
void exit_snapshot__clear(struct exit_snapshot *exits);

void exit_snapshot__free(struct exit_snapshot *exits);

#endif
