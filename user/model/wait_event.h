/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_WAIT_EVENT_H
#define KVMQ_WAIT_EVENT_H

#include <stdint.h>

#include "model/snapshot.h"

/* A wait that has ended. */
struct wait_event {
	struct identity identity;
	uint64_t time_ns;      /* CLOCK_MONOTONIC when the thread got its CPU */
	uint64_t queued_rq;    /* when it became ready, by the scheduler's clock in ns */
	uint64_t run_rq;       /* when it got its CPU, by the same */
	uint64_t wait_ns;      /* as the kernel counts it in run_delay */
	uint64_t throttled_ns; /* of these, its cgroup was out of bandwidth */
	enum cause cause;
	uint32_t from_cpu; /* where it ran before */
	uint32_t to_cpu;
	uint32_t prev_tid; /* who left the CPU for it; 0 is the idle task */
	uint32_t prev_tgid;
	char prev_comm[COMM_SIZE];
};

#endif
