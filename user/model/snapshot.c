// SPDX-License-Identifier: GPL-2.0-only
#include "model/snapshot.h"

#include <stdlib.h>
#include <string.h>

bool thread__is_older(const struct thread_snapshot *thread, uint64_t time_ns, uint64_t end_ns)
{
	return thread->figures.elapsed_ns > end_ns - time_ns;
}

int compare_overlaps(const void *left, const void *right)
{
	uint32_t a = ((const struct overlap *)left)->vm_pid;
	uint32_t b = ((const struct overlap *)right)->vm_pid;

	return a < b ? -1 : a > b;
}

const struct overlap *snapshot__overlap(const struct snapshot *snapshot, uint32_t vm_pid)
{
	const struct overlap wanted = { .vm_pid = vm_pid };
	const struct overlap *found = list_find(&snapshot->overlaps, &wanted, compare_overlaps);

	return found;
}

/* The first place whose VM is not before (pid, start_ns). */
static size_t vm_place(const struct snapshot *snapshot, uint32_t pid, uint64_t start_ns)
{
	const struct vm wanted = { .pid = pid, .start_ns = start_ns };
	size_t low = 0, high = snapshot->vms.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (vm__compare(&snapshot->vms.list[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct vm *snapshot__vm(const struct snapshot *snapshot, uint32_t pid, uint64_t start_ns)
{
	size_t place = vm_place(snapshot, pid, start_ns ? start_ns : UINT64_MAX);
	const struct vm *list = snapshot->vms.list;

	if (start_ns)
		return place < snapshot->vms.count && list[place].pid == pid &&
				       list[place].start_ns == start_ns
			       ? &list[place]
			       : NULL;
	/* The latest with this PID stands last. */
	return place && list[place - 1].pid == pid ? &list[place - 1] : NULL;
}

const struct vm *snapshot__vm_of(const struct snapshot *snapshot, const struct identity *thread)
{
	return snapshot__vm(snapshot, thread->vm_pid, thread->vm_start_ns);
}

const struct vm *snapshot__vm_again(const struct snapshot *snapshot, const struct identity *thread,
				    const struct vm *last)
{
	if (last && thread->vm_start_ns && last->start_ns == thread->vm_start_ns &&
	    last->pid == thread->vm_pid)
		return last;
	return snapshot__vm_of(snapshot, thread);
}

uint64_t snapshot__threads_realtime_ns(const struct snapshot *snapshot)
{
	if (!snapshot->read_rq)
		return snapshot->realtime_ns;
	return snapshot->realtime_ns + (snapshot->end_ns - snapshot->time_ns) -
	       (snapshot->end_rq - snapshot->read_rq);
}

uint32_t offender__vhost_pid(const struct offender *offender)
{
	static const char prefix[] = "vhost-";

	if (offender->kind != OFFENDER_KERNEL ||
	    strncmp(offender->comm, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	return (uint32_t)strtoul(offender->comm + sizeof(prefix) - 1, NULL, 10);
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

int compare_blame(const void *left, const void *right)
{
	const struct blame *a = left, *b = right;
	int result = compare_numbers(a->victim, b->victim);

	if (!result)
		result = compare_numbers(a->offender.kind, b->offender.kind);
	if (!result)
		result = compare_numbers(a->offender.tid, b->offender.tid);
	if (!result)
		result = compare_numbers(a->offender.cgroup_id, b->offender.cgroup_id);
	/* A thread can change its name. */
	if (result || a->offender.tid)
		return result;
	return strcmp(a->offender.comm, b->offender.comm);
}

/* How many are in order from the first one on, each once. */
static size_t count_ordered(const struct blame *pairs, size_t count)
{
	size_t ordered = count ? 1 : 0;

	while (ordered < count && compare_blame(&pairs[ordered - 1], &pairs[ordered]) < 0)
		ordered++;
	return ordered;
}

/* Adds up those that are equal of a list in order. Returns how many are left. */
static size_t add_equal(struct blame *pairs, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (kept && !compare_blame(&pairs[kept - 1], &pairs[i]))
			pairs[kept - 1].ns += pairs[i].ns;
		else
			pairs[kept++] = pairs[i];
	}
	return kept;
}

/* How many of a list in order are before a pair. */
static size_t count_before(const struct blame *pairs, size_t count, const struct blame *pair)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_blame(&pairs[middle], pair) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Adds up what is among those in order already. Returns how many others are left. */
static size_t add_known(struct blame *pairs, size_t ordered, struct blame *others, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		size_t at = count_before(pairs, ordered, &others[i]);

		if (at < ordered && !compare_blame(&pairs[at], &others[i]))
			pairs[at].ns += others[i].ns;
		else
			others[kept++] = others[i];
	}
	return kept;
}

/* Puts others among those in order, the last one first; there is room behind them. */
static void insert(struct blame *pairs, size_t ordered, const struct blame *others, size_t count)
{
	while (count-- > 0) {
		size_t at = count_before(pairs, ordered, &others[count]);

		memmove(pairs + at + count + 1, pairs + at, (ordered - at) * sizeof(*pairs));
		pairs[at + count] = others[count];
		ordered = at;
	}
}

/* A probe brings nearly all in order, and behind them what has not ended. */
void snapshot__sort_blame(struct snapshot *snapshot)
{
	struct blame *pairs = snapshot->blame.list, *others;
	size_t ordered = count_ordered(pairs, snapshot->blame.count);
	size_t count = snapshot->blame.count - ordered;

	if (!count)
		return;
	others = malloc(count * sizeof(*others));
	if (!others) {
		qsort(pairs, snapshot->blame.count, sizeof(*pairs), compare_blame);
		snapshot->blame.count = add_equal(pairs, snapshot->blame.count);
		return;
	}
	memcpy(others, pairs + ordered, count * sizeof(*others));
	qsort(others, count, sizeof(*others), compare_blame);
	count = add_known(pairs, ordered, others, add_equal(others, count));
	insert(pairs, ordered, others, count);
	snapshot->blame.count = ordered + count;
	free(others);
}

void snapshot__clear(struct snapshot *snapshot)
{
	list_clear(&snapshot->threads);
	list_clear(&snapshot->vms);
	list_clear(&snapshot->overlaps);
	list_clear(&snapshot->blame);
}

void snapshot__free(struct snapshot *snapshot)
{
	list_free(&snapshot->threads);
	list_free(&snapshot->vms);
	list_free(&snapshot->overlaps);
	list_free(&snapshot->blame);
	*snapshot = (struct snapshot){ 0 };
}
