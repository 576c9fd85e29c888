/* SPDX-License-Identifier: GPL-2.0-only */
/* Which processes hold a VM, and which could not be asked. */
#ifndef KVMQ_VM_SCAN_H
#define KVMQ_VM_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/proc_view.h"

/* Processes that could not be looked into: each may hold a VM. */
struct vm_refusals {
	uint32_t count;
	uint32_t cut;	      /* of them, those that have so much to look at that not all was */
	uint32_t uid;	      /* whose the first one is */
	bool mixed;	      /* others are another user's */
	uint32_t looked_into; /* beside them, this process and the kernel's threads left out */
};

/* Whether hardly anything could be looked into: that no VM was found then means nothing. */
bool vm_refusals__blind(const struct vm_refusals *refusals);

/*
 * Whether a tool that finds VMs in /proc alone has to refuse: it found none, and may have seen
 * hardly anything of what there is.
 */
bool vms__unseen(size_t found, enum proc_view view, const struct vm_refusals *refusals);

/*
 * Calls found for each process of proc that holds a KVM VM (a file descriptor
 * of anon_inode:kvm-vm), whether its vCPUs run or not. Walks all of /proc; of a process that
 * has thousands of files open it may not look at all.
 * Fills in refusals. Returns 0 or -errno; -ENOENT, too, where
 * no process is to be seen: /proc is not mounted; -EINTR: the tool is to end.
 */
int vms__scan(const char *proc, void (*found)(void *context, uint32_t pid), void *context,
	      struct vm_refusals *refusals);

/* Counts one that was cut off. */
void vm_refusals__add_cut(struct vm_refusals *refusals, uint32_t uid);

/* "processes of user 64055 not looked into", to stand behind their number. */
void vm_refusals__name(const struct vm_refusals *refusals, char *text, size_t size);

/*
 * "3 processes of user 64055 could not be looked into: that takes ..."; empty if there
 * were none.
 */
void vm_refusals__describe(const struct vm_refusals *refusals, char *text, size_t size);

#endif
