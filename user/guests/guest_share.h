/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much of what guests send is read: of one in half a second no more than a report at the limit
 * needs, twice a second, and of all together what is a part of a CPU's time.
 */
#ifndef KVMQ_GUEST_SHARE_H
#define KVMQ_GUEST_SHARE_H

#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "guests/guest_report.h"

#define GUEST_WINDOW_NS (500 * NSEC_PER_MSEC)
#define GUEST_WINDOW_BYTES GUEST_REPORT_SIZE
#define GUEST_WINDOW_ALL (16 * GUEST_REPORT_SIZE)
#define GUEST_PART_MIN 8192 /* more than a report of some disks takes */

/* What was read in a window. One of zeros has none. */
struct guest_share {
	uint64_t begin_ns; /* CLOCK_MONOTONIC */
	size_t bytes;
};

/*
 * How much may be read of a guest now; 0: it waits for the next window. Once the window of all is
 * used up, a guest that has had less than an equal part may go on up to that: so those who flood
 * leave room for those who do not.
 */
size_t guest_share__room(struct guest_share *own, struct guest_share *all, size_t guests,
			 uint64_t now_ns);

#endif
