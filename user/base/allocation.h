/* SPDX-License-Identifier: GPL-2.0-only */
/* What malloc(3) does with memory that is large, or free. */
#ifndef KVMQ_ALLOCATION_H
#define KVMQ_ALLOCATION_H

/*
 * From now on each large block is a mapping of its own: it grows without a copy, and goes back to
 * the host when it is freed.
 */
void allocation__map_large(void);

#endif
