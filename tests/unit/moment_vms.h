/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMs of a moment, filled in as a live host's are. */
#ifndef KVMQ_MOMENT_VMS_H
#define KVMQ_MOMENT_VMS_H

#include "host/vm.h"
#include "unit.h"

/* By what proc shows of them; what is not there is called COMM-PID. */
static inline void fill_vms(struct snapshot *snapshot, const char *proc)
{
	static const struct vm_filter all;
	struct vms *vms = vms__new(proc, &all);

	assert_non_null(vms);
	vms__sweep(vms, snapshot);
	assert_int_equal(vms__fill(vms, snapshot), 0);
	vms__free(vms);
}

#endif
