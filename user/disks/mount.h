/* SPDX-License-Identifier: GPL-2.0-only */
/* Which block device a file system without a device number of its own stands on. */
#ifndef KVMQ_MOUNT_H
#define KVMQ_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

struct mount_place {
	uint32_t dev;	/* IO_DEV of the one device; 0: it is not known which */
	bool no_device; /* it is known to be on none: memory, or another machine's */
};

/*
 * Of the mount with this number (mnt_id in fdinfo) in the process's mountinfo; sys is "/sys".
 * btrfs is on the device that it is mounted from if it has no other. What zfs, overlay or a
 * fuse server stand on is not told.
 */
void mount__place(struct mount_place *place, const char *proc, const char *sys, uint32_t pid,
		  int mount);

/* Whether that mount is of a file system that answers by itself: no server, no other machine. */
bool mount__is_local(const char *proc, uint32_t pid, int mount);

#endif
