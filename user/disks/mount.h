/* SPDX-License-Identifier: GPL-2.0-only */
/* Which block device a file system without a device number of its own stands on. */
#ifndef KVMQ_MOUNT_H
#define KVMQ_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

struct mount_place {
	uint32_t dev;	/* IO_DEV of the one device; 0: it is not known which */
	bool no_device; /* it is known to be on none: in memory, or on another machine */
};

/*
 * Of the mount with this number (mnt_id in fdinfo) in the process's mountinfo; sys is "/sys". btrfs
 * is on the device that it is mounted from, if it has no other. For zfs, overlay and fuse servers
 * the device is not known.
 */
void mount__place(struct mount_place *place, const char *proc, const char *sys, uint32_t pid,
		  int mount);

/* Whether the file system of that mount answers by itself: no server, no other machine. */
bool mount__is_local(const char *proc, uint32_t pid, int mount);

#endif
