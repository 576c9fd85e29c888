/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a thread's time went: counters that only grow, in ns. */
#ifndef KVMQ_FIGURES_H
#define KVMQ_FIGURES_H

#include <stdint.h>

/* Why a thread waits for a CPU. */
enum cause {
	CAUSE_WAKE,
	CAUSE_PREEMPT,
	CAUSES,
};

/* run + ready (of both causes, and throttled) + halt + block = elapsed. */
struct figures {
	uint64_t elapsed_ns;
	uint64_t run_ns;
	uint64_t ready_ns[CAUSES]; /* without throttled_ns */
	uint64_t throttled_ns;	   /* ready, but its cgroup was out of bandwidth */
	uint64_t halt_ns;
	uint64_t block_ns;
	uint64_t waits[CAUSES]; /* that have ended */
	uint64_t ended_ns;	/* of these: what the kernel has added to run_delay */
	uint64_t max_ns;	/* the longest wait: ended or still going on */
};

/* The ready time of all causes. */
uint64_t figures__ready(const struct figures *figures);

/* Waits of all causes. */
uint64_t figures__waits(const struct figures *figures);

/* after - before, or 0 if that is negative: then the difference is added to *shrunk. */
uint64_t figure__grown(uint64_t before, uint64_t after, uint64_t *shrunk);

/* Takes as much of *shrunk off a figure as the figure has. */
void figure__take_off(uint64_t *figure, uint64_t *shrunk);

/* Adds figures to a sum; its max_ns becomes the greater of the two. */
void figures__add(struct figures *sum, const struct figures *figures);

#endif
