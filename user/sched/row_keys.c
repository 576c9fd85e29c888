// SPDX-License-Identifier: GPL-2.0-only
#include "sched/row_keys.h"

#include <errno.h>

static int compare_keys(const void *left, const void *right)
{
	const struct row_key *a = left, *b = right;

	if (a->vm_pid != b->vm_pid)
		return a->vm_pid < b->vm_pid ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

static struct row_key key_of(enum group_by by, const struct row *row)
{
	if (by == BY_VM)
		return (struct row_key){ .id = row->vm->start_ns, .vm_pid = row->vm->pid };
	return (struct row_key){ .id = row->identity.id };
}

int row_keys__fill(struct row_keys *keys, const struct rows *rows, enum group_by by,
		   const struct snapshot *after)
{
	keys->by = by;
	keys->after = after;
	keys->last_start_ns = 0;
	if (list_reserve(keys, rows->count))
		return -ENOMEM;
	for (size_t i = 0; i < rows->count; i++) {
		keys->list[i] = key_of(by, &rows->list[i]);
		keys->list[i].row = i;
	}
	keys->count = rows->count;
	list_sort(keys, compare_keys);
	return 0;
}

/* A VM without a row is none of the keys, whether the snapshot has it or not. */
static const struct row_key *find_vm(struct row_keys *keys, const struct identity *thread)
{
	struct row_key wanted = { .id = thread->vm_start_ns, .vm_pid = thread->vm_pid };

	if (!wanted.id) {
		const struct vm *vm = snapshot__vm_of(keys->after, thread);

		wanted.id = vm ? vm->start_ns : 0;
		return vm ? list_find(keys, &wanted, compare_keys) : NULL;
	}
	if (wanted.id == keys->last_start_ns && wanted.vm_pid == keys->last_pid)
		return keys->last;
	keys->last_start_ns = wanted.id;
	keys->last_pid = wanted.vm_pid;
	keys->last = list_find(keys, &wanted, compare_keys);
	return keys->last;
}

bool row_keys__find(struct row_keys *keys, const struct identity *thread, size_t *row)
{
	const struct row_key wanted = { .id = thread->id };
	const struct row_key *found =
		keys->by == BY_VM ? find_vm(keys, thread) : list_find(keys, &wanted, compare_keys);

	if (found)
		*row = found->row;
	return found;
}

void row_keys__free(struct row_keys *keys)
{
	list_free(keys);
}
