/* SPDX-License-Identifier: GPL-2.0-only */
/* --vm and --cgroup for a recording: which VMs of a view are wanted. */
#ifndef KVMQ_CHOICE_H
#define KVMQ_CHOICE_H

#include "model/options.h"
#include "model/view.h"

/* Whether only some VMs are wanted. */
bool options__choose(const struct options *options);

/* Whether a name given with --vm means this VM. */
bool vm__is_named(const struct vm *vm, const char *wanted);

/* Whether the VM's cgroup is the one of --cgroup, or below it. */
bool vm__is_below(const struct vm *vm, const char *cgroup);

/* A VM of io_view, with the members that these two functions look at. */
struct vm io_vm__identity(const struct io_vm *vm);

/*
 * Reduces a view to what a tool with these options would have read. Of the other VMs only their
 * number stays. What counts for the whole host (losses, cost, requests) does not change. A VM that
 * the filter left out when the view was made is never chosen. 0 or -ENOMEM.
 */
int view__choose(struct view *view, const struct options *options);

#endif
