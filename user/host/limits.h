/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads what CPU time and I/O the host gives to VMs. */
#ifndef KVMQ_HOST_LIMITS_H
#define KVMQ_HOST_LIMITS_H

#include "host/kept_files.h"
#include "model/view.h"

/*
 * Fills in the cgroups of the view's chosen VMs, whose threads it has. Cgroups above, which VMs
 * share, are read for each VM: they are few. Their files stay open in files, for the next time.
 * What cannot be read is not known. proc is "/proc", cgroups is the mount of the version 2
 * hierarchy, or a test's. Returns 0 or -ENOMEM.
 */
int limits__read(struct view *view, struct kept_files *files, const char *proc,
		 const char *cgroups);

#endif
