// SPDX-License-Identifier: GPL-2.0-only
#include "collect/snapshot.h"

#include <stdlib.h>

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
