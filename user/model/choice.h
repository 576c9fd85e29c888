/* SPDX-License-Identifier: GPL-2.0-only */
/* --vm and --cgroup of what was recorded: which VMs of a view are wanted, by what it holds. */
#ifndef KVMQ_CHOICE_H
#define KVMQ_CHOICE_H

#include "model/options.h"
#include "model/view.h"

/* Whether only some VMs are wanted. */
bool options__choose(const struct options *options);

/* Whether a name given with --vm is this VM's. */
bool vm__is_named(const struct vm *vm, const char *wanted);

/* Whether the VM's cgroup is that of --cgroup, or below it. */
bool vm__is_below(const struct vm *vm, const char *cgroup);

/* As much of a VM of io_view as the two above look at. */
struct vm io_vm__identity(const struct io_vm *vm);

/*
 * Makes a view what a tool with these options would have read: other VMs leave nothing but their
 * number. What is counted for the host as a whole (losses, cost, requests) stays as it is. Of the
 * VMs that the view leaves out already, none is chosen. 0 or -ENOMEM.
 */
int view__choose(struct view *view, const struct options *options);

#endif
