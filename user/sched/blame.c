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
	const char *vm = entry->vm ? entry->vm->name : "-";
	char gone[VM_SHOWN_SIZE];

	if (!entry->vm && offender->vm_pid) {
		snprintf(gone, sizeof(gone), "a VM that has gone (%u)", offender->vm_pid);
		vm = gone;
	}
	if (offender->kind == OFFENDER_VM_THREAD)
		snprintf(entry->who, sizeof(entry->who), "%s: %s", vm, offender->comm);
	else if (offender->cgroup[0])
		snprintf(entry->who, sizeof(entry->who), "%s (%s)", offender->comm,
			 offender->cgroup);
	else
		strcpy(entry->who, offender->comm[0] ? offender->comm : vm);
}

/* What offenders of one name have in common. */
static void generalise(struct offender *offender, const struct snapshot *after)
{
	uint32_t owner = offender__vhost_pid(offender);
	char *slash;

	if (owner && snapshot__vm(after, owner, 0)) {
		offender->kind = OFFENDER_VM_THREAD;
		offender->vm_pid = owner;
	}
	if (offender->kind == OFFENDER_VCPU)
		offender->comm[0] = '\0';
	slash = offender->kind == OFFENDER_KERNEL ? strchr(offender->comm, '/') : NULL;
	if (slash)
		*slash = '\0';
}

static void describe(struct blame_entry *entry, const struct snapshot *after)
{
	if (entry->offender.vm_pid)
		entry->vm = snapshot__vm(after, entry->offender.vm_pid, 0);
	entry->own = entry->vm && entry->vm == entry->victim->vm;
	name_offender(entry);
}

static struct blame_entry *add_entry(struct blame_list *blame, const struct rows *rows, size_t row)
{
	struct blame_entry *entry = list_add(blame);

	if (!entry)
		return NULL;
	entry->row = row;
	entry->victim = &rows->list[row];
	entry->ready_ns = figures__ready(&rows->list[row].interval);
	return entry;
}

static int compare_offenders(const struct offender *a, const struct offender *b)
{
	int result = compare_numbers(a->kind, b->kind);

	if (!result)
		result = compare_numbers(a->vm_pid, b->vm_pid);
	if (!result)
		result = compare_numbers(a->cgroup_id, b->cgroup_id);
	return result ? result : strcmp(a->comm, b->comm);
}

static int compare_groups(const void *left, const void *right)
{
	const struct blame_entry *a = left, *b = right;
	int result = compare_numbers(a->row, b->row);

	return result ? result : compare_offenders(&a->offender, &b->offender);
}

/* Where each offender of a row is in the list: of each two that there may be, one is free. */
struct entry_places {
	uint32_t *list; /* place + 1; 0: free */
	uint32_t mask;
};

static int entry_places__init(struct entry_places *places, size_t pairs)
{
	uint32_t size = 16;

	while (size < 2 * pairs)
		size *= 2;
	places->list = calloc(size, sizeof(*places->list));
	places->mask = size - 1;
	return places->list ? 0 : -ENOMEM;
}

static uint32_t hash_of(size_t row, const struct offender *offender)
{
	uint64_t hash = row * 31 + offender->kind;

	hash = hash * 0x9e3779b97f4a7c15ULL + offender->vm_pid;
	hash = hash * 0x9e3779b97f4a7c15ULL + offender->cgroup_id;
	for (const char *c = offender->comm; *c; c++)
		hash = hash * 0x9e3779b97f4a7c15ULL + (unsigned char)*c;
	return (uint32_t)((hash * 0x9e3779b97f4a7c15ULL) >> 32);
}

/* The entry of an offender of a row, made if there is none; NULL: no memory. */
static struct blame_entry *get_entry(struct blame_list *blame, const struct entry_places *places,
				     const struct rows *rows, size_t row,
				     const struct offender *offender)
{
	uint32_t at = hash_of(row, offender) & places->mask;
	struct blame_entry *entry;

	for (; places->list[at]; at = (at + 1) & places->mask) {
		entry = &blame->list[places->list[at] - 1];
		if (entry->row == row && !compare_offenders(&entry->offender, offender))
			return entry;
	}
	entry = add_entry(blame, rows, row);
	if (!entry)
		return NULL;
	entry->offender = *offender;
	places->list[at] = (uint32_t)blame->count;
	return entry;
}

/* What no offender accounts for: throttling, and unknown time. booked: by row, zeros. */
static int add_rest(struct blame_list *blame, const struct rows *rows, uint64_t *booked)
{
	for (size_t i = 0; i < blame->count; i++)
		booked[blame->list[i].row] += blame->list[i].ns;
	for (size_t row = 0; row < rows->count; row++) {
		uint64_t ready = figures__ready(&rows->list[row].interval);
		uint64_t throttled = rows->list[row].interval.throttled_ns;
		uint64_t sum = throttled + booked[row];
		struct blame_entry *entry;

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

/* Pairs come in the order of their victims. */
static int add_pairs(struct blame_list *blame, const struct entry_places *places,
		     const struct row_key *keys, const struct snapshot *before,
		     const struct snapshot *after, const struct rows *rows, enum group_by by)
{
	const struct row_key *row = NULL;
	size_t place = 0;

	for (size_t i = 0; i < after->blame.count; i++) {
		const struct blame *pair = &after->blame.list[i];
		const struct blame *old = list_next(&before->blame, &place, pair, compare_blame);
		uint64_t old_ns = old ? old->ns : 0;
		struct offender offender = pair->offender;
		struct blame_entry *entry;

		if (!i || pair[-1].victim != pair->victim)
			row = victim_row(keys, rows, after, pair->victim, by);
		if (!row)
			continue;
		generalise(&offender, after);
		entry = get_entry(blame, places, rows, row->row, &offender);
		if (!entry)
			return -ENOMEM;
		/* What was in progress then may have become less: see settle() in rows.c. */
		entry->ns += pair->ns > old_ns ? pair->ns - old_ns : 0;
		entry->total_ns += pair->ns;
	}
	return 0;
}

int blame__make(struct blame_list *blame, const struct snapshot *before,
		const struct snapshot *after, const struct rows *rows, enum group_by by,
		bool by_row)
{
	struct entry_places places = { 0 };
	struct row_key *keys = row_keys(rows, by);
	uint64_t *booked = calloc(rows->count + 1, sizeof(*booked));
	int error = keys && booked ? entry_places__init(&places, after->blame.count) : -ENOMEM;

	blame->count = 0;
	if (!error)
		error = add_pairs(blame, &places, keys, before, after, rows, by);
	free(places.list);
	free(keys);
	for (size_t i = 0; i < blame->count; i++)
		describe(&blame->list[i], after);
	if (!error)
		error = add_rest(blame, rows, booked);
	free(booked);
	if (blame->count)
		qsort(blame->list, blame->count, sizeof(*blame->list),
		      by_row ? compare_row_and_ns : compare_ns);
	return error;
}

void blame__free(struct blame_list *blame)
{
	list_free(blame);
}
