/* SPDX-License-Identifier: GPL-2.0-only */
/* The node matrix of a VM: where its vCPUs run by where its memory is. */
#ifndef KVMQ_MATRIX_H
#define KVMQ_MATRIX_H

#include <stdio.h>

#include "numa/numa_rows.h"

/*
 * Prints a line for each node that the VM's vCPUs may run on, and a column for each that its memory
 * may be on. A cell is the share of accesses that is expected there if all pages are alike, with
 * the distance. Columns that do not fit into width (0: no limit) follow in further blocks.
 */
void matrix__print(FILE *file, const struct numa_row *row, unsigned int width);

#endif
