/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory for many small things that are all freed at once, and do not move before. */
#ifndef KVMQ_POOL_H
#define KVMQ_POOL_H

#include <stddef.h>

#define POOL_BLOCK_SIZE (64 * 1024) /* no request is larger */

/* One of zeros is empty. */
struct pool {
	struct pool_block *blocks;
	struct pool_block *current;
};

/* size bytes of zeros, aligned for any type, or NULL. */
void *pool__take(struct pool *pool, size_t size);

/* Takes everything back: one keeps the memory for later, the other frees it. */
void pool__reset(struct pool *pool);
void pool__free(struct pool *pool);

#endif
