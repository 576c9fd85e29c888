/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM's name from the file of QEMU's -readconfig. */
#ifndef KVMQ_VM_CONFIG_H
#define KVMQ_VM_CONFIG_H

#include <stdint.h>

#include "host/vm_name.h"
#include "model/list.h"

/*
 * CPU time that the files of each user's processes have taken. All zeros at first; list_free() it.
 */
struct config_times {
	LIST(struct config_time);
};

/*
 * Reads the name in [name] of a file that a process was started with. The process chose the path,
 * and this tool may have more rights. So only a regular file is opened, by a path without links and
 * without "..", if plain permissions let the process take each step and read the file. Returns 0,
 * -ENOENT (there is no name), -EDQUOT (the files of its user have taken 0.1 s) or -errno.
 */
int vm_config__name(struct config_times *times, const char *proc, uint32_t pid, const char *path,
		    char name[VM_NAME_SIZE]);

#endif
