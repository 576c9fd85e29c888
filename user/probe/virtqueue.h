/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many requests are in a guest's rings, and for how long. The avail and used indices are read
 * from guest memory when the guest kicks, when the VMM interrupts it, and when the VMM sends a
 * request to a block device of the host. By Little's law a request is in the ring for integral /
 * requests. Matching kicks with interrupts would be wrong, since both are coalesced.
 */
#ifndef KVMQ_PROBE_VIRTQUEUE_H
#define KVMQ_PROBE_VIRTQUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "disks/rings.h"
#include "model/io.h"

struct virtqueue_probe;

/*
 * Loads and attaches. Returns 0, or -errno and the reason in one clause in *missing (no kvm
 * module, no BTF of it, hooks refused). virtqueue_probe__close() takes NULL.
 */
int virtqueue_probe__open(struct virtqueue_probe **out, const char **missing);
void virtqueue_probe__close(struct virtqueue_probe *probe);

/* Watches these rings of a VM instead of the old ones. Returns 0 or -errno. */
int virtqueue_probe__watch(struct virtqueue_probe *probe, uint32_t vm_pid, const struct ring *rings,
			   size_t count);

/* Brings the integrals up to now; without an event, as of the last kick or interrupt. */
int virtqueue_probe__read(struct virtqueue_probe *probe, struct virtqueue_snapshot *snapshot);
#endif
