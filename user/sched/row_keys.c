// SPDX-License-Identifier: GPL-2.0-only
#include "sched/row_keys.h"

#include <stdlib.h>

static int compare_keys(const void *left, const void *right)
{
	const struct row_key *a = left, *b = right;

	if (a->vm_pid != b->vm_pid)
		return a->vm_pid < b->vm_pid ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

static struct row_key key_of(enum group_by by, const struct vm *vm, const struct identity *thread)
{
	if (by == BY_VM)
		return (struct row_key){ .id = vm->start_ns, .vm_pid = vm->pid };
	return (struct row_key){ .id = thread->id };
}

void row_keys__fill(struct row_key *keys, const struct rows *rows, enum group_by by)
{
	for (size_t i = 0; i < rows->count; i++) {
		keys[i] = key_of(by, rows->list[i].vm, &rows->list[i].identity);
		keys[i].row = i;
	}
	if (rows->count) /* of none, there may be no list at all */
		qsort(keys, rows->count, sizeof(*keys), compare_keys);
}

const struct row_key *row_keys__find(const struct row_key *keys, size_t count, enum group_by by,
				     const struct snapshot *after, const struct identity *thread)
{
	const struct vm *vm = snapshot__vm_of(after, thread);
	struct row_key wanted;

	if (!vm || !count)
		return NULL;
	wanted = key_of(by, vm, thread);
	return bsearch(&wanted, keys, count, sizeof(*keys), compare_keys);
}
