/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_STATE_CHANGE_H
#define KVMQ_STATE_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/snapshot.h"

/*
 * A state of a thread that has ended. Times are the scheduler's clock in ns. A thread's states
 * follow each other without a gap: if one begins later than the last one ended, those in between
 * are lost.
 */
struct state_change {
	struct identity identity;
	enum state state;
	uint64_t begin_rq;
	uint64_t end_rq;
	uint64_t queued_rq; /* of a state off the CPU: it was ready since */
	uint64_t wait_ns;   /* of the same: its wait as the kernel counts it in run_delay */
	uint32_t cpu;	    /* of the switch that ended it */
	bool kvm_run;	    /* the thread was in KVM_RUN at the end */
	bool exited;	    /* it was the thread's last */
	uint32_t other_tid; /* who left the CPU for it or got it after it; 0 is the idle task */
	uint32_t other_tgid;
	char other_comm[COMM_SIZE]; /* empty: not known */
};

#endif
