// SPDX-License-Identifier: GPL-2.0-only
#include "sched/blame.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sched/row_keys.h"

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static struct row_key *row_keys(const struct rows *rows, enum group_by by)
{
	struct row_key *keys = calloc(rows->count + 1, sizeof(*keys));

	if (keys)
		row_keys__fill(keys, rows, by);
	return keys;
}

/* The row of a victim, or NULL: it is not shown. */
static const struct row_key *victim_row(const struct row_key *keys, const struct rows *rows,
					const struct snapshot *after, uint64_t victim,
					enum group_by by)
{
	const struct thread_snapshot *thread = list_find(&after->threads, &victim, compare_ids);

	if (!thread || (by == BY_VM && !thread->identity.is_vcpu))
		return NULL;
	return row_keys__find(keys, rows->count, by, after, &thread->identity);
}

static void name_offender(struct blame_entry *entry)
{
	const struct offender *offender = &entry->offender;
	char vm[VM_SHOWN_SIZE] = "-";

	if (entry->vm)
		snprintf(vm, sizeof(vm), "%s", entry->vm->name);
	else if (offender->vm_pid)
		snprintf(vm, sizeof(vm), "a VM that has gone (%u)", offender->vm_pid);
	if (offender->kind == OFFENDER_VM_THREAD)
		snprintf(entry->who, sizeof(entry->who), "%s: %s", vm, offender->comm);
	else if (offender->cgroup[0])
		snprintf(entry->who, sizeof(entry->who), "%s (%s)", offender->comm,
			 offender->cgroup);
	else
		snprintf(entry->who, sizeof(entry->who), "%s",
			 offender->comm[0] ? offender->comm : vm);
}

/* What offenders of one name have in common; also sets its VM. */
static void generalise(struct blame_entry *entry, const struct snapshot *after)
{
	struct offender *offender = &entry->offender;
	uint32_t owner = offender__vhost_pid(offender);
	char *slash;

	if (owner && snapshot__vm(after, owner, 0)) {
		offender->kind = OFFENDER_VM_THREAD;
		offender->vm_pid = owner;
	}
	if (offender->vm_pid)
		entry->vm = snapshot__vm(after, offender->vm_pid, 0);
	entry->own = entry->vm && entry->vm == entry->victim->vm;
	if (offender->kind == OFFENDER_VCPU)
		offender->comm[0] = '\0';
	slash = offender->kind == OFFENDER_KERNEL ? strchr(offender->comm, '/') : NULL;
	if (slash)
		*slash = '\0';
	name_offender(entry);
}

static struct blame_entry *add_entry(struct blame_list *blame, const struct rows *rows, size_t row)
{
	struct blame_entry *entry = list_add(blame);

	if (!entry)
		return NULL;
	*entry = (struct blame_entry){
		.row = row,
		.victim = &rows->list[row],
		.ready_ns = figures__ready(&rows->list[row].interval),
	};
	return entry;
}

static int compare_groups(const void *left, const void *right)
{
	const struct blame_entry *a = left, *b = right;
	int result = compare_numbers(a->row, b->row);

	if (!result)
		result = compare_numbers(a->offender.kind, b->offender.kind);
	if (!result)
		result = compare_numbers(a->offender.vm_pid, b->offender.vm_pid);
	if (!result)
		result = compare_numbers(a->offender.cgroup_id, b->offender.cgroup_id);
	return result ? result : strcmp(a->offender.comm, b->offender.comm);
}

/* Joins entries of one name. */
static void fold(struct blame_list *blame)
{
	size_t kept = 0;

	if (blame->count)
		qsort(blame->list, blame->count, sizeof(*blame->list), compare_groups);
	for (size_t i = 0; i < blame->count; i++) {
		struct blame_entry *last = kept ? &blame->list[kept - 1] : NULL;

		if (last && !compare_groups(last, &blame->list[i])) {
			last->ns += blame->list[i].ns;
			last->total_ns += blame->list[i].total_ns;
		} else {
			blame->list[kept++] = blame->list[i];
		}
	}
	blame->count = kept;
}

/* What no offender accounts for: throttling, and unknown time. */
static int add_rest(struct blame_list *blame, const struct rows *rows)
{
	size_t booked = blame->count, place = 0;

	for (size_t row = 0; row < rows->count; row++) {
		uint64_t ready = figures__ready(&rows->list[row].interval);
		uint64_t throttled = rows->list[row].interval.throttled_ns, sum = throttled;
		struct blame_entry *entry;

		for (; place < booked && blame->list[place].row == row; place++)
			sum += blame->list[place].ns;
		if (throttled) {
			entry = add_entry(blame, rows, row);
			if (!entry)
				return -ENOMEM;
			entry->offender.kind = OFFENDER_THROTTLED;
			entry->ns = throttled;
			entry->total_ns = rows->list[row].total.throttled_ns;
		}
		if (sum >= ready)
			continue;
		entry = add_entry(blame, rows, row);
		if (!entry)
			return -ENOMEM;
		entry->offender.kind = OFFENDER_UNKNOWN;
		entry->ns = ready - sum;
	}
	return 0;
}

static int compare_ns(const void *left, const void *right)
{
	const struct blame_entry *a = left, *b = right;
	int result = compare_numbers(b->ns, a->ns);

	return result ? result : compare_groups(a, b);
}

static int compare_row_and_ns(const void *left, const void *right)
{
	int result = compare_numbers(((const struct blame_entry *)left)->row,
				     ((const struct blame_entry *)right)->row);

	return result ? result : compare_ns(left, right);
}

int blame__make(struct blame_list *blame, const struct snapshot *before,
		const struct snapshot *after, const struct rows *rows, enum group_by by,
		bool by_row)
{
	struct row_key *keys = row_keys(rows, by);
	size_t place = 0;
	int error = keys ? 0 : -ENOMEM;

	blame->count = 0;
	for (size_t i = 0; i < after->blame.count && !error; i++) {
		const struct blame *pair = &after->blame.list[i];
		const struct blame *old = list_next(&before->blame, &place, pair, compare_blame);
		uint64_t old_ns = old ? old->ns : 0;
		const struct row_key *row = victim_row(keys, rows, after, pair->victim, by);
		struct blame_entry *entry;

		if (!row)
			continue;
		entry = add_entry(blame, rows, row->row);
		if (!entry) {
			error = -ENOMEM;
			break;
		}
		entry->offender = pair->offender;
		/* What was in progress then may have become less: see settle() in rows.c. */
		entry->ns = pair->ns > old_ns ? pair->ns - old_ns : 0;
		entry->total_ns = pair->ns;
		generalise(entry, after);
	}
	free(keys);
	fold(blame);
	if (!error)
		error = add_rest(blame, rows);
	if (blame->count)
		qsort(blame->list, blame->count, sizeof(*blame->list),
		      by_row ? compare_row_and_ns : compare_ns);
	return error;
}

void blame__free(struct blame_list *blame)
{
	list_free(blame);
}
