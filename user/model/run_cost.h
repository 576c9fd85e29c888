/* SPDX-License-Identifier: GPL-2.0-only */
/* What hooks cost, of whose runs some are timed. */
#ifndef KVMQ_RUN_COST_H
#define KVMQ_RUN_COST_H

#include <stdint.h>

/* Since the hooks were loaded. */
struct run_cost {
	uint64_t runs;
	uint64_t samples;
	uint64_t sample_ns; /* time in the sampled ones */
};

/* The time in all runs, added up from one reading to the next; zeros at first. */
struct run_meter {
	struct run_cost seen;
	uint64_t ns;
};

/*
 * Adds the runs since the last reading, at the mean time of the samples among them; if these are
 * few, of all samples so far. A run costs extra_ps more than its sample shows. Returns ns.
 */
uint64_t run_meter__take(struct run_meter *meter, const struct run_cost *cost, uint64_t extra_ps);

#endif
