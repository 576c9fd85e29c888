/* SPDX-License-Identifier: GPL-2.0-only */
/* The slots in which rings are counted (bpf/virtqueue.h): user space gives them out. */
#ifndef KVMQ_VIRTQUEUE_SLOTS_H
#define KVMQ_VIRTQUEUE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/virtqueue.h"
#include "disks/rings.h"
#include "model/io.h"

/* A VM's rings, in consecutive slots. */
struct watched {
	uint32_t pid;
	uint32_t first; /* slot */
	size_t count;
	struct ring rings[RINGS_MAX];
	uint64_t integral_ns[RINGS_MAX]; /* as last told, up to that moment */
};

/*
 * Gives slots, out of an array of VIRTQUEUE_SLOTS, to a VM whose rings are filled in. Counting goes
 * on from old, which is the same VM as it was before; old (or NULL) keeps its slots. Returns 0, or
 * -ENOSPC.
 */
int watched__place(struct watched *vm, struct virtqueue_ring *slots, const struct watched *old);

/* Takes the slots back. */
void watched__release(const struct watched *vm, struct virtqueue_ring *slots);

/* Whether the VM's rings are these. */
bool watched__has(const struct watched *vm, const struct ring *rings, size_t count);

/* What one of its rings has counted up to time_ns. */
void watched__read(struct watched *vm, const struct virtqueue_ring *slots, size_t index,
		   uint64_t time_ns, struct virtqueue_flow *flow);

#endif
