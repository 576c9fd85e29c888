/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel counts by device and VM, and goes on when a disk comes to a device where another
 * disk of the VM has been. What had been counted by then is not the new one's.
 */
#ifndef KVMQ_FLOW_BASES_H
#define KVMQ_FLOW_BASES_H

#include "model/io_view.h"

/* One of zeros knows of no flow. */
struct flow_bases {
	LIST(struct flow_base) list; /* in the order of the flows */
};

/*
 * Puts into a view that has been described, once for each: what had been counted in a flow when
 * its disk came. Returns 0 or -ENOMEM.
 */
int flow_bases__update(struct flow_bases *bases, struct io_view *view);
void flow_bases__free(struct flow_bases *bases);

#endif
