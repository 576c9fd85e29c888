// SPDX-License-Identifier: GPL-2.0-only
#include "collect/exits.h"

#include <stdlib.h>

struct exit_thread *exit_snapshot__add(struct exit_snapshot *exits)
{
	struct exit_thread *thread;

	if (exits->count == exits->capacity) {
		size_t capacity = exits->capacity ? exits->capacity * 3 / 2 : 32;
		void *threads = reallocarray(exits->threads, capacity, sizeof(*exits->threads));

		if (!threads)
			return NULL;
		exits->threads = threads;
		exits->capacity = capacity;
	}
	thread = &exits->threads[exits->count++];
	*thread = (struct exit_thread){ .first_reason = exits->reason_count, .known = true };
	return thread;
}

struct reason_snapshot *exit_snapshot__add_reason(struct exit_snapshot *exits)
{
	if (exits->reason_count == exits->reason_capacity) {
		size_t capacity = exits->reason_capacity ? exits->reason_capacity * 3 / 2 : 64;
		void *reasons = reallocarray(exits->reasons, capacity, sizeof(*exits->reasons));

		if (!reasons)
			return NULL;
		exits->reasons = reasons;
		exits->reason_capacity = capacity;
	}
	exits->threads[exits->count - 1].reason_count++;
	return &exits->reasons[exits->reason_count++];
}

void exit_snapshot__clear(struct exit_snapshot *exits)
{
	exits->count = 0;
	exits->reason_count = 0;
}

void exit_snapshot__free(struct exit_snapshot *exits)
{
	free(exits->threads);
	free(exits->reasons);
	*exits = (struct exit_snapshot){ 0 };
}
