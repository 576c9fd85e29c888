/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of io_vms.h share. */
#ifndef KVMQ_IO_VMS_INTERNAL_H
#define KVMQ_IO_VMS_INTERNAL_H

#include "disks/io_vms.h"

/* Frees what a VM has, which may be a part. */
void live_vm__free(struct live_vm *vm);

/* Forgets all VMs, and one that is half read, too. */
void io_vms__forget(struct io_vms *vms);

/* An order by PID. */
int live_vm__compare(const void *left, const void *right);

#endif
