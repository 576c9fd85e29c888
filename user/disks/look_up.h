/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a name leads, as the process itself would find it, below its own root and folder, but
 * without asking a file server: a server that has gone would block us for ever.
 */
#ifndef KVMQ_LOOK_UP_H
#define KVMQ_LOOK_UP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOK_UP_MOUNTS 8

struct look_up {
	const char *proc;
	uint32_t pid;
	int folders[2]; /* the current one and root; -1: not opened yet */
	size_t opened;	/* files, so far */
	struct {
		int mount;
		bool local;
	} mounts[LOOK_UP_MOUNTS]; /* that were asked for */
	size_t mount_count;
};

/* For the names of one process; proc stays the caller's. It ends with look_up__end(). */
void look_up__begin(struct look_up *look_up, const char *proc, uint32_t pid);
void look_up__end(struct look_up *look_up);

/*
 * Opens it (O_PATH). Returns a file descriptor or -errno: -EAGAIN, a file system on the way may not
 * answer; -E2BIG, too many names of this process were looked up.
 */
int look_up__open(struct look_up *look_up, const char *path);

#endif
