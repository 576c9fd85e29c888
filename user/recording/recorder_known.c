// SPDX-License-Identifier: GPL-2.0-only
/* What each tier knows of its moment before, so that it writes what has changed. */
#include <errno.h>
#include <stdlib.h>

#include "recording/recorder_internal.h"

void tier_writer__unpack(const struct tier_writer *tier, uint32_t first,
			 const struct packed_cursor *cursor)
{
	const struct mirror *mirror = &tier->mirror;
	void *item = tier->recorder->item;

	packed__unpack(&tier->recorder->packings[first], cursor, item);
	for (uint32_t i = first; i < tier->info->set_count; i = tier->recorder->next_set[i])
		if (tier->info->sets[i]->age)
			tier->info->sets[i]->age(item, mirror->before, mirror->view);
}

void tier_writer__forget(struct tier_writer *tier)
{
	mirror__clear(&tier->mirror);
	for (uint32_t i = 0; i < tier->info->set_count; i++)
		tier->known[i].size = 0;
}

static uint32_t find_next(const struct tier_writer *tier, uint32_t place)
{
	const struct recording_info *info = tier->info;
	uint32_t next = place + 1;

	while (next < info->set_count && (tier->mirror.parts[next] != PART_AGAIN ||
					  info->sets[next]->list != info->sets[place]->list))
		next++;
	return next;
}

/* The sets of one list, as all tiers have them. */
static int init_packing(struct recorder *recorder, uint32_t first)
{
	const struct set **sets = calloc(recorder->info.set_count, sizeof(*sets));
	size_t count = 0;
	int error = -ENOMEM;

	for (uint32_t i = first; sets && i < recorder->info.set_count; i = recorder->next_set[i])
		sets[count++] = recorder->info.sets[i];
	if (sets)
		error = packing__init(&recorder->packings[first], sets, count);
	free(sets);
	return error;
}

static int init_packings(struct recorder *recorder, const struct tier_writer *tier)
{
	size_t size = 1;
	int error = 0;

	recorder->packings = calloc(recorder->info.set_count, sizeof(*recorder->packings));
	recorder->next_set = calloc(recorder->info.set_count, sizeof(*recorder->next_set));
	if (!recorder->packings || !recorder->next_set)
		return -ENOMEM;
	for (uint32_t i = 0; i < recorder->info.set_count; i++)
		recorder->next_set[i] = find_next(tier, i);
	for (uint32_t i = 0; i < recorder->info.set_count && !error; i++) {
		if (tier->mirror.parts[i] != PART_LIST)
			continue;
		size = recorder->info.sets[i]->size > size ? recorder->info.sets[i]->size : size;
		error = init_packing(recorder, i);
	}
	recorder->item = malloc(size);
	return recorder->item ? error : -ENOMEM;
}

int recorder__init_known(struct recorder *recorder, const char *path)
{
	const struct tier_writer *any = NULL;
	int error = 0;

	for (uint32_t i = 0; i < RECORDER_TIERS && !error; i++) {
		struct tier_writer *tier = &recorder->tiers[i];

		if (!tier->moments_per_whole)
			continue;
		any = tier;
		tier->known = calloc(recorder->info.set_count, sizeof(*tier->known));
		error = tier->known ? 0 : -ENOMEM;
	}
	if (any && !error)
		error = init_packings(recorder, any);
	return error ? database__no_memory(recorder->info.option, path) : 0;
}

void recorder__free_known(struct recorder *recorder)
{
	for (uint32_t i = 0; i < RECORDER_TIERS; i++) {
		struct tier_writer *tier = &recorder->tiers[i];

		for (uint32_t j = 0; tier->known && j < recorder->info.set_count; j++)
			packed__free(&tier->known[j]);
		free(tier->known);
	}
	for (uint32_t i = 0; recorder->packings && i < recorder->info.set_count; i++)
		packing__free(&recorder->packings[i]);
	free(recorder->packings);
	free(recorder->next_set);
	packed__free(&recorder->fresh);
	free(recorder->item);
}
