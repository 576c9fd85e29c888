// SPDX-License-Identifier: GPL-2.0-only
#include "model/pool.h"

#include <stdlib.h>
#include <string.h>

struct pool_block {
	struct pool_block *next;
	size_t used;
	_Alignas(max_align_t) char bytes[POOL_BLOCK_SIZE];
};

/* The next block, allocated if there is none. */
static struct pool_block *next_block(struct pool *pool)
{
	struct pool_block **place = pool->current ? &pool->current->next : &pool->blocks;

	if (!*place) {
		*place = malloc(sizeof(**place));
		if (!*place)
			return NULL;
		(*place)->next = NULL;
	}
	(*place)->used = 0;
	return *place;
}

void *pool__take(struct pool *pool, size_t size)
{
	size_t whole = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	struct pool_block *block = pool->current;
	void *taken;

	if (whole > POOL_BLOCK_SIZE)
		return NULL;
	if (!block || POOL_BLOCK_SIZE - block->used < whole) {
		block = next_block(pool);
		if (!block)
			return NULL;
		pool->current = block;
	}
	taken = block->bytes + block->used;
	block->used += whole;
	return memset(taken, 0, whole);
}

void pool__reset(struct pool *pool)
{
	pool->current = NULL;
}

void pool__free(struct pool *pool)
{
	while (pool->blocks) {
		struct pool_block *block = pool->blocks;

		pool->blocks = block->next;
		free(block);
	}
	pool->current = NULL;
}
