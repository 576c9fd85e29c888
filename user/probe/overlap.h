/* SPDX-License-Identifier: GPL-2.0-only */
/* Part of the sched probe: how long vCPUs of a VM waited while others ran. */
#ifndef KVMQ_PROBE_OVERLAP_H
#define KVMQ_PROBE_OVERLAP_H

#include <stdint.h>

#include "model/snapshot.h"

struct overlap_probe;
struct sched_probe;

/*
 * Loads and attaches, on the tables of a sched probe that is loaded and not yet attached: so it
 * sees the exit of a thread first. Returns 0 or -errno; close with overlap_probe__close(), which
 * takes NULL.
 */
int overlap_probe__open(struct overlap_probe **out, const struct sched_probe *sched);
void overlap_probe__close(struct overlap_probe *probe);

/* Counts from now on. To be called before the sched probe counts switches. */
void overlap_probe__start(struct overlap_probe *probe);

/*
 * Adds the VMs of the snapshot's threads, whose slots are below the given number, after the first
 * looks at these. now_rq is the run queues' clock. Forgets VMs that have gone. Returns 0 or -errno.
 */
int overlap_probe__read(struct overlap_probe *probe, struct snapshot *snapshot, uint32_t slots,
			uint64_t now_rq);

#endif
