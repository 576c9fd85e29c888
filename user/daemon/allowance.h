/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much CPU time may go into what others ask for: so much a second, which is saved up for some
 * seconds, so that a dear request now and then is served at once, and many are served slowly.
 */
#ifndef KVMQ_DAEMON_ALLOWANCE_H
#define KVMQ_DAEMON_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

#define ALLOWANCE_S 10 /* what is saved up */

/* One of zeros has saved up nothing yet. */
struct allowance {
	double left_ns;	   /* less than 0: a debt */
	uint64_t begin_ns; /* CLOCK_MONOTONIC: up to here it was paid */
};

/* Whether anything is left, at so many ns of CPU time per s. */
bool allowance__has(struct allowance *allowance, uint64_t now_ns, double per_s);

/* CPU time that was spent: what is too much is a debt. */
void allowance__spend(struct allowance *allowance, uint64_t ns);

#endif
