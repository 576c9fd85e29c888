/* SPDX-License-Identifier: GPL-2.0-only */
/* The name of a VM from the command line of its VMM. No I/O here. */
#ifndef KVMQ_VM_CMDLINE_H
#define KVMQ_VM_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "host/vm_name.h"
#include "model/vm.h"

#define VM_CONFIGS_MAX 8

/* Empty strings: the command line does not say it. */
struct vm_identity {
	char name[VM_NAME_SIZE];
	char uuid[VM_UUID_SIZE];
	char id[VM_ID_SIZE];		     /* Proxmox' number */
	const char *configs[VM_CONFIGS_MAX]; /* QEMU's -readconfig, in the command line */
	size_t config_count;
};

/*
 * Reads a command line in the form of /proc/PID/cmdline: size bytes, a NUL after each argument. The
 * program decides which options count, and how they are spelled; an unknown program may use --name,
 * --id, -name and -uuid. An argument that is cut off is left out.
 */
void vm_identity__read(struct vm_identity *identity, const char *cmdline, size_t size);

#endif
