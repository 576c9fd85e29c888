/* SPDX-License-Identifier: GPL-2.0-only */
/* What the VMs of a host come to on each of its NUMA nodes, above kvmq-top's screen n. */
#ifndef KVMQ_CMD_TOP_NODES_H
#define KVMQ_CMD_TOP_NODES_H

#include <stdio.h>

#include "numa/numa_rows.h"
#include "top/screen.h"

/*
 * Prints a line for each node, as wide as a terminal, of a row for each VM; of a host with one
 * node nothing. 0 or -ENOMEM.
 */
int top_nodes__print(FILE *file, const struct numa_rows *vms, const struct view_pair *pair,
		     unsigned int width);

#endif
