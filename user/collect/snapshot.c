// SPDX-License-Identifier: GPL-2.0-only
#include "collect/snapshot.h"

#include <stdlib.h>

uint64_t figures__ready(const struct figures *figures)
{
	return figures->ready_ns[CAUSE_WAKE] + figures->ready_ns[CAUSE_PREEMPT];
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
	for (int cause = 0; cause < CAUSES; cause++) {
		sum->ready_ns[cause] += figures->ready_ns[cause];
		sum->waits[cause] += figures->waits[cause];
	}
	if (figures->max_ns > sum->max_ns)
		sum->max_ns = figures->max_ns;
}

struct thread_snapshot *snapshot__add(struct snapshot *snapshot)
{
	if (snapshot->count == snapshot->capacity) {
		size_t capacity = snapshot->capacity ? snapshot->capacity * 3 / 2 : 32;
		void *threads =
			reallocarray(snapshot->threads, capacity, sizeof(*snapshot->threads));

		if (!threads)
			return NULL;
		snapshot->threads = threads;
		snapshot->capacity = capacity;
	}
	return &snapshot->threads[snapshot->count++];
}

void snapshot__clear(struct snapshot *snapshot)
{
	snapshot->count = 0;
}

void snapshot__free(struct snapshot *snapshot)
{
	free(snapshot->threads);
	*snapshot = (struct snapshot){ 0 };
}
