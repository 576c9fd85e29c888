/* SPDX-License-Identifier: GPL-2.0-only */
/* Who a VM is by the command line of its VMM. No I/O here. */
#ifndef KVMQ_VM_CMDLINE_H
#define KVMQ_VM_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "host/vm_name.h"
#include "model/vm.h"

#define VM_CONFIGS_MAX 8

/* Empty strings stand for what the command line does not hold. */
struct vm_identity {
	char name[VM_NAME_SIZE];
	char uuid[VM_UUID_SIZE];
	char id[VM_ID_SIZE];		     /* Proxmox' number */
	const char *configs[VM_CONFIGS_MAX]; /* QEMU's -readconfig, in the command line */
	size_t config_count;
};

/*
 * Reads a command line as /proc/PID/cmdline shows it: size bytes, a NUL after each argument.
 * Which options count, and how they are spelled, follows the program; one that is not known may
 * use --name, --id, -name and -uuid. An argument that is cut off is left out.
 */
void vm_identity__read(struct vm_identity *identity, const char *cmdline, size_t size);

#endif
