// SPDX-License-Identifier: GPL-2.0-only
#include "model/snapshot.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more of size bytes in a growing list; NULL: none. */
static void *grow(void **list, size_t *count, size_t *capacity, size_t size)
{
	if (*count == *capacity) {
		size_t wanted = *capacity ? *capacity * 3 / 2 : 32;
		void *moved = reallocarray(*list, wanted, size);

		if (!moved)
			return NULL;
		*list = moved;
		*capacity = wanted;
	}
	return (char *)*list + (*count)++ * size;
}

struct thread_snapshot *snapshot__add(struct snapshot *snapshot)
{
	return grow((void **)&snapshot->threads, &snapshot->count, &snapshot->capacity,
		    sizeof(*snapshot->threads));
}

struct blame *snapshot__add_blame(struct snapshot *snapshot)
{
	return grow((void **)&snapshot->blame, &snapshot->blame_count, &snapshot->blame_capacity,
		    sizeof(*snapshot->blame));
}

struct overlap *snapshot__add_overlap(struct snapshot *snapshot)
{
	return grow((void **)&snapshot->overlaps, &snapshot->overlap_count,
		    &snapshot->overlap_capacity, sizeof(*snapshot->overlaps));
}

const struct overlap *snapshot__overlap(const struct snapshot *snapshot, uint32_t vm_pid)
{
	for (size_t i = 0; i < snapshot->overlap_count; i++)
		if (snapshot->overlaps[i].vm_pid == vm_pid)
			return &snapshot->overlaps[i];
	return NULL;
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

void snapshot__sort_blame(struct snapshot *snapshot)
{
	size_t kept = 0;

	if (snapshot->blame_count)
		qsort(snapshot->blame, snapshot->blame_count, sizeof(*snapshot->blame),
		      compare_blame);
	for (size_t i = 0; i < snapshot->blame_count; i++) {
		if (kept && !compare_blame(&snapshot->blame[kept - 1], &snapshot->blame[i]))
			snapshot->blame[kept - 1].ns += snapshot->blame[i].ns;
		else
			snapshot->blame[kept++] = snapshot->blame[i];
	}
	snapshot->blame_count = kept;
}

void snapshot__clear(struct snapshot *snapshot)
{
	snapshot->count = 0;
	snapshot->blame_count = 0;
	snapshot->overlap_count = 0;
	list_clear(&snapshot->vms);
}

void snapshot__free(struct snapshot *snapshot)
{
	free(snapshot->threads);
	free(snapshot->blame);
	free(snapshot->overlaps);
	list_free(&snapshot->vms);
	*snapshot = (struct snapshot){ 0 };
}
