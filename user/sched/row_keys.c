// SPDX-License-Identifier: GPL-2.0-only
#include "sched/row_keys.h"

#include <stdlib.h>

static int compare_keys(const void *left, const void *right)
{
	const struct row_key *a = left, *b = right;

	return a->key < b->key ? -1 : a->key > b->key;
}

uint64_t row_keys__of(enum group_by by, const struct vm *vm, uint64_t id)
{
	return by == BY_VM ? (uint64_t)(uintptr_t)vm : id;
}

void row_keys__fill(struct row_key *keys, const struct rows *rows, enum group_by by)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->list[i];

		keys[i] = (struct row_key){ row_keys__of(by, row->vm, row->identity.id), i };
	}
	if (rows->count) /* of none, there may be no list at all */
		qsort(keys, rows->count, sizeof(*keys), compare_keys);
}

const struct row_key *row_keys__find(const struct row_key *keys, size_t count, uint64_t key)
{
	const struct row_key wanted = { .key = key };

	return count ? bsearch(&wanted, keys, count, sizeof(*keys), compare_keys) : NULL;
}
