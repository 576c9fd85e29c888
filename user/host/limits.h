/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads what CPU time and I/O the host gives to whom. */
#ifndef KVMQ_HOST_LIMITS_H
#define KVMQ_HOST_LIMITS_H

#include "model/view.h"

/*
 * Fills in the use of the host's CPUs, and the cgroups of the view's chosen VMs, whose threads it
 * has: those above the same one are read for each, as they are few. What cannot be read is not
 * known. proc is "/proc", cgroups where the hierarchy of version 2 is mounted, or a test's. Returns
 * 0 or -ENOMEM.
 */
int limits__read(struct view *view, const char *proc, const char *cgroups);

#endif
