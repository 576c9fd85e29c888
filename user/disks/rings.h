/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the virtqueues of a VM's disks are in the VMM's address space, from QMP. */
#ifndef KVMQ_RINGS_H
#define KVMQ_RINGS_H

#include <stddef.h>
#include <stdint.h>

#include "disks/disk.h"
#include "disks/qmp.h"

#define RINGS_MAX 64

struct ring {
	uint32_t disk;	/* its id */
	uint32_t queue; /* number of the queue */
	uint32_t size;	/* entries */
	uint64_t avail; /* address of the avail ring's idx, in the VMM */
	uint64_t used;	/* and of the used ring's */
};

/*
 * Asks QEMU (x-query-virtio, x-query-virtio-queue-status, gpa2hva; 7.2 and later) for the rings of
 * all virtio-blk and virtio-scsi devices whose qom_path is a disk's. Left out are: a packed ring,
 * which has no such indices; one behind a vIOMMU; one that is not set up; that of a controller with
 * several disks; and all rings of a disk if there is no room for some. Returns how many were found,
 * or -errno; -EOPNOTSUPP: this QEMU does not tell.
 */
int rings__ask(struct ring rings[RINGS_MAX], const struct disks *disks, struct qmp *qmp);

#endif
