/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM's name from the file of QEMU's -readconfig. */
#ifndef KVMQ_VM_CONFIG_H
#define KVMQ_VM_CONFIG_H

#include <stdint.h>

#include "host/vm_name.h"
#include "model/list.h"

/* CPU time that such files of each user's processes have taken; all zeros, then list_free(). */
struct config_times {
	LIST(struct config_time);
};

/*
 * Reads the name in [name] of a file that a process was started with. The path is the process's
 * word, and this one may be allowed more: nothing is opened but a regular file, by a path without
 * links and without .., each step of which that process may take, and which it may read, both by
 * plain permissions. Returns 0, -ENOENT (there is no name), -EDQUOT (those of its user have taken
 * 0.1 s) or -errno.
 */
int vm_config__name(struct config_times *times, const char *proc, uint32_t pid, const char *path,
		    char name[VM_NAME_SIZE]);

#endif
