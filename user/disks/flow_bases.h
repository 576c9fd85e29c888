/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel counts by device and VM. When a disk comes to a device where another disk of the VM
 * has been, the count goes on. What had been counted by then does not belong to the new disk.
 */
#ifndef KVMQ_FLOW_BASES_H
#define KVMQ_FLOW_BASES_H

#include "model/io_view.h"

/* One of zeros knows of no flow. */
struct flow_bases {
	LIST(struct flow_base) list; /* in the order of the flows */
};

/*
 * Puts what each flow had counted when its disk came into a view; once for each view, after it has
 * been described. Returns 0 or -ENOMEM.
 */
int flow_bases__update(struct flow_bases *bases, struct io_view *view);
void flow_bases__free(struct flow_bases *bases);

#endif
