/* SPDX-License-Identifier: GPL-2.0-only */
/* Which processes hold a VM, and which could not be looked into. */
#ifndef KVMQ_VM_SCAN_H
#define KVMQ_VM_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/proc.h"
#include "host/proc_view.h"
#include "model/list.h"

/* Processes that could not be looked into: each may hold a VM. */
struct vm_refusals {
	uint32_t count;
	uint32_t cut; /* of these, the ones with so many files that not all were looked at */
	uint32_t uid; /* whose the first one is */
	bool mixed;   /* others are another user's */
	uint32_t looked_into; /* beside them, without this process and kernel threads */
};

/* Whether hardly anything could be looked into: then it means nothing that no VM was found. */
bool vm_refusals__blind(const struct vm_refusals *refusals);

/*
 * Whether a tool that finds VMs only in /proc has to refuse: it found none, and may have seen
 * hardly anything.
 */
bool vms__unseen(size_t found, enum proc_view view, const struct vm_refusals *refusals);

/*
 * Calls found for each process in proc that holds a KVM VM (a file descriptor of
 * anon_inode:kvm-vm), whether its vCPUs run or not. Walks all of /proc, but may not look at all
 * files of a process that has thousands open. Fills in refusals. Returns 0 or -errno: -ENOENT also
 * if no process can be seen, since /proc is not mounted; -EINTR: the tool is to end.
 */
int vms__scan(const char *proc, void (*found)(void *context, uint32_t pid), void *context,
	      struct vm_refusals *refusals);

/* What a scan found out of a process: all that it needs if that seems unchanged. */
struct scanned_process {
	uint32_t pid;
	bool followed; /* one of its files could be */
	bool vm;
	struct process_files files; /* before they were looked at */
};

/* The processes of the last scan. All zeros: there was none. It ends with scan_memory__free(). */
struct scan_memory {
	LIST(struct scanned_process) last; /* by ascending PID */
	LIST(struct scanned_process) now;  /* of a scan that goes on */
};

/*
 * The same, but without looking into processes that have as many files open as in the last scan,
 * where the kernel tells that (Linux 6.2). A file that was opened instead of another one is not
 * seen: this takes a scan without a memory.
 */
int vms__scan_changed(struct scan_memory *memory, const char *proc,
		      void (*found)(void *context, uint32_t pid), void *context,
		      struct vm_refusals *refusals);
void scan_memory__free(struct scan_memory *memory);

/* Counts a process that was not looked at to the end. */
void vm_refusals__add_cut(struct vm_refusals *refusals, uint32_t uid);

/* "processes of user 64055 not looked into", to follow their number. */
void vm_refusals__name(const struct vm_refusals *refusals, char *text, size_t size);

/* "3 processes of user 64055 could not be looked into: that takes ..."; empty if there are none. */
void vm_refusals__describe(const struct vm_refusals *refusals, char *text, size_t size);

#endif
