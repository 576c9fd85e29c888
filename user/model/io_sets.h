/* SPDX-License-Identifier: GPL-2.0-only */
/* The sets of a view's I/O: the fields of each list, which order, find and record its items. */
#ifndef KVMQ_IO_SETS_H
#define KVMQ_IO_SETS_H

#include "model/set.h"

enum io_set {
	IO_SET_COST,   /* what there is once */
	IO_SET_LOSSES, /* and hardly ever changes */
	IO_SET_STATE,
	IO_SET_VMS,
	IO_SET_DISKS,
	IO_SET_LEAVES,
	IO_SET_DEVICES,
	IO_SET_BLOCK_FLOWS,
	IO_SET_BLOCK_BASES,
	IO_SET_VMM_FLOWS,
	IO_SET_RINGS,
	IO_SET_EVENTS,
	IO_SET_GUESTS,
	IO_SET_GUEST_DISKS,
	IO_SET_GUEST_FLOWS,
	IO_SETS,
};

extern const struct set io_sets[IO_SETS];

#endif
