/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which disk is which from one look at the VMs to the next. Each disk has a number of its own. What
 * was counted for it is found again by that number, wherever the disk is in the list. No other disk
 * gets the number, not even one of the same name that is plugged in later.
 */
#ifndef KVMQ_DISK_IDS_H
#define KVMQ_DISK_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "disks/disk.h"
#include "model/list.h"

/* All zeros: it knows no disk. It ends with disk_ids__free(). */
struct disk_ids {
	LIST(struct disk_key) keys;
	uint32_t next;
	uint32_t look; /* which look at the VMs this is */
};

/* A new look begins. A disk that was not in the last one has gone. */
void disk_ids__begin(struct disk_ids *ids);

/*
 * Gives the disks of a VM the numbers that they had, or new ones. May be called again in the same
 * look, when more is known of them. Returns 0 or -ENOMEM.
 */
int disk_ids__assign(struct disk_ids *ids, uint64_t vm_start_ns, struct disks *disks);

void disk_ids__free(struct disk_ids *ids);

#endif
