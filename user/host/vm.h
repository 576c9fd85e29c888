/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMs of the host: what the probes find, named from /proc, chosen by --vm. */
#ifndef KVMQ_VM_H
#define KVMQ_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/cgroup.h"
#include "host/vm_scan.h"
#include "model/snapshot.h"

/* Which VMs are wanted; an empty filter chooses all. Strings stay the caller's. */
struct vm_filter {
	const char *const *names; /* as vm__matches() takes them */
	size_t name_count;
	const struct cgroup_filter *cgroup; /* NULL: of any */
};

struct vms;

/*
 * An empty registry. proc is the folder to read processes from ("/proc").
 * Returns it, or NULL when memory is short; free with vms__free().
 */
struct vms *vms__new(const char *proc, const struct vm_filter *filter);
void vms__free(struct vms *vms);

/*
 * The VM of a thread. If the thread is a vCPU of a new VM, the VM is added. /proc names it, if the
 * process is still the same; otherwise its name is comm and PID. The VM lives until vms__sweep()
 * finds it unused. NULL: another thread's VM is not known, or memory is short.
 */
struct vm *vms__get(struct vms *vms, const struct identity *identity);

/* The same for a process of which only the PID is known; NULL: it is no VM here. */
struct vm *vms__find(const struct vms *vms, uint32_t pid);

/* The cgroup of a VM's process, however long: "/machine.slice/..."; NULL: not read. */
const char *vms__cgroup(const struct vms *vms, uint32_t pid, uint64_t start_ns);

/* A thread of the VM was found (+1) or has exited (-1). */
void vms__add_thread(struct vms *vms, const struct identity *identity, int change);

/*
 * Forgets the VMs that have no threads left and were not in the last two snapshots, and gives VMs
 * of one name in this snapshot different names.
 */
void vms__sweep(struct vms *vms, const struct snapshot *snapshot);

/*
 * Fills in the VMs of the snapshot that vms__sweep() saw last: those of its threads and of its
 * offenders. Returns 0 or -ENOMEM.
 */
int vms__fill(struct vms *vms, struct snapshot *snapshot);

/* Keeps the figures of exited vCPUs; once for each snapshot, after it was shown. */
void vms__keep_exited(struct vms *vms, const struct snapshot *snapshot);

/* How many VMs have threads and do not pass the filter. */
uint32_t vms__count_others(const struct vms *vms);

/*
 * The first of the filter's names that no VM has, or NULL. Also looks through all of /proc: the
 * vCPUs of a paused VM do not run, so no hook sees them. refusals gets the processes that could not
 * be looked into.
 */
const char *vms__missing_name(const struct vms *vms, struct vm_refusals *refusals);

/* Describes a process that is known to be a VM. Returns 0 or -errno (-ESRCH: it has gone). */
int vm__from_process(struct vm *vm, const char *proc, uint32_t pid);

#endif
