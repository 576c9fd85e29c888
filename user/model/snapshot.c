// SPDX-License-Identifier: GPL-2.0-only
#include "model/snapshot.h"

#include <stdlib.h>
#include <string.h>

uint64_t figures__ready(const struct figures *figures)
{
	return figures->ready_ns[CAUSE_WAKE] + figures->ready_ns[CAUSE_PREEMPT] +
	       figures->throttled_ns;
}

uint64_t figures__waits(const struct figures *figures)
{
	return figures->waits[CAUSE_WAKE] + figures->waits[CAUSE_PREEMPT];
}

void figures__add(struct figures *sum, const struct figures *figures)
{
	sum->elapsed_ns += figures->elapsed_ns;
	sum->run_ns += figures->run_ns;
	sum->halt_ns += figures->halt_ns;
	sum->block_ns += figures->block_ns;
	sum->ended_ns += figures->ended_ns;
	sum->throttled_ns += figures->throttled_ns;
	for (int cause = 0; cause < CAUSES; cause++) {
		sum->ready_ns[cause] += figures->ready_ns[cause];
		sum->waits[cause] += figures->waits[cause];
	}
	if (figures->max_ns > sum->max_ns)
		sum->max_ns = figures->max_ns;
}

/* Room for one more of size bytes in a growing list; NULL: none. */
static void *list_add(void **list, size_t *count, size_t *capacity, size_t size)
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
	return list_add((void **)&snapshot->threads, &snapshot->count, &snapshot->capacity,
			sizeof(*snapshot->threads));
}

struct blame *snapshot__add_blame(struct snapshot *snapshot)
{
	return list_add((void **)&snapshot->blame, &snapshot->blame_count,
			&snapshot->blame_capacity, sizeof(*snapshot->blame));
}

struct overlap *snapshot__add_overlap(struct snapshot *snapshot)
{
	return list_add((void **)&snapshot->overlaps, &snapshot->overlap_count,
			&snapshot->overlap_capacity, sizeof(*snapshot->overlaps));
}

const struct overlap *snapshot__overlap(const struct snapshot *snapshot, uint32_t vm_pid)
{
	for (size_t i = 0; i < snapshot->overlap_count; i++)
		if (snapshot->overlaps[i].vm_pid == vm_pid)
			return &snapshot->overlaps[i];
	return NULL;
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
}

void snapshot__free(struct snapshot *snapshot)
{
	free(snapshot->threads);
	free(snapshot->blame);
	free(snapshot->overlaps);
	*snapshot = (struct snapshot){ 0 };
}
