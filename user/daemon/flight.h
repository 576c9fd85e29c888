/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is worth to be kept: a rule of kvmq-why that has said "act" of a VM for FLIGHT_NS, or a wait
 * for a CPU over a limit. Pure: it looks at verdicts, and says which incidents begin.
 */
#ifndef KVMQ_DAEMON_FLIGHT_H
#define KVMQ_DAEMON_FLIGHT_H

#include "daemon/keeper.h"
#include "why/why.h"

#define FLIGHT_NS 10000000000ULL /* of what is kept before an incident */
#define FLIGHT_WAIT "wait"	 /* what stands in place of a rule's name */

struct flight_settings {
	uint64_t wait_limit_ns; /* 0: waits are no incident */
	uint32_t per_day;	/* in any 24 hours; at one moment, half of what is left of them */
};

/* Something that holds, or held less than a minute ago. */
struct flight_held;

/* One of zeros knows of nothing that holds. */
struct flight {
	LIST(struct flight_held) held;	 /* by VM and rule */
	LIST(uint64_t) begins;		 /* CLOCK_MONOTONIC: incidents of the last day */
	LIST(struct incident) incidents; /* that begin now */
	uint64_t left_out;		 /* that were too many */
	bool begun;			 /* what was so at first is known */
};

/*
 * Takes the verdicts of an interval, one after the other. What holds at the first call has begun
 * before, and is no incident. Then flight->incidents are those that begin, at most one of a VM, the
 * worst; rules come first, then the longest waits. Returns 0 or -ENOMEM. It owns memory:
 * flight__free().
 */
int flight__take(struct flight *flight, const struct why *why,
		 const struct flight_settings *settings);
void flight__free(struct flight *flight);

#endif
