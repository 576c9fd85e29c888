/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM at one moment, by value: who it is, and the figures of its vCPUs that are gone. */
#ifndef KVMQ_MODEL_VM_H
#define KVMQ_MODEL_VM_H

#include <stdbool.h>
#include <stdint.h>

#include "model/figures.h"

#define VM_SHOWN_SIZE 256
#define VM_UUID_SIZE 37
#define VM_ID_SIZE 32
#define VM_CGROUP_SIZE 512

/* A process that holds a VM. Its start tells it from a later process with the same PID. */
struct vm {
	uint64_t start_ns;
	uint32_t pid;
	bool chosen;		     /* passes the filter */
	bool has_pid_added;	     /* "-" and the PID at the name's end are no part of it */
	char name[VM_SHOWN_SIZE];    /* with its PID where two have one, and behind "..." */
	char uuid[VM_UUID_SIZE];     /* empty: it has none */
	char id[VM_ID_SIZE];	     /* Proxmox' number; the same */
	char cgroup[VM_CGROUP_SIZE]; /* "/machine.slice/a.scope"; empty: not read; cut at "..." */
	struct figures exited;	     /* sum of its vCPUs that were shown, and exited, before */
};

/* An order by PID and start. */
int vm__compare(const void *left, const void *right);

/* Whether two texts are the same UUID, in upper or lower case, with dashes or without. */
bool uuid_equal(const char *left, const char *right);

/*
 * Whether a VM is meant by a text: its name, in full or as it is shown if several have it
 * (NAME-PID), its UUID, its PID or Proxmox' id. A name may look like any of these, so a plain
 * number is never a name, and a text that begins with name=, uuid=, pid= or id= is that alone.
 */
bool vm__matches(const struct vm *vm, const char *full_name, const char *wanted);

#endif
