// SPDX-License-Identifier: GPL-2.0-only
/* What each tier knows of its moment before, so that it writes what has changed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recording/recorder_internal.h"

bool tier_writer__ages(const struct tier_writer *tier, uint32_t first)
{
	for (uint32_t i = first; i < tier->info->set_count; i = tier->recorder->next_set[i])
		if (tier->info->sets[i]->age)
			return true;
	return false;
}

static void age(const struct tier_writer *tier, uint32_t first, void *item)
{
	const struct mirror *mirror = &tier->mirror;

	for (uint32_t i = first; i < tier->info->set_count; i = tier->recorder->next_set[i])
		if (tier->info->sets[i]->age)
			tier->info->sets[i]->age(item, mirror->before, mirror->view);
}

void tier_writer__unpack(const struct tier_writer *tier, uint32_t first,
			 const struct packed_cursor *cursor)
{
	packed__unpack(&tier->recorder->packings[first], cursor, tier->recorder->item);
	age(tier, first, tier->recorder->item);
}

const void *tier_writer__borrow(const struct tier_writer *tier, uint32_t first, const void *item)
{
	if (!tier_writer__ages(tier, first))
		return item;
	memcpy(tier->recorder->item, item, tier->info->sets[first]->size);
	age(tier, first, tier->recorder->item);
	return tier->recorder->item;
}

void tier_writer__forget(struct tier_writer *tier)
{
	mirror__clear(&tier->mirror);
	tier->is_lent = false;
	for (uint32_t i = 0; i < tier->info->set_count; i++)
		tier->known[i].size = 0;
}

bool tier_writer__is_finest(const struct tier_writer *tier)
{
	for (uint32_t i = 0; i < tier->number; i++)
		if (tier->recorder->tiers[i].moments_per_whole)
			return false;
	return true;
}

static int copy_list(struct tier_writer *tier, uint32_t first, const void *view)
{
	struct recorder *recorder = tier->recorder;
	struct items items;
	int error = recorder__order_lent(tier, first, mirror_place(tier->info->sets[first], view),
					 &items);

	recorder->fresh.size = 0;
	for (size_t i = 0; i < items.count && !error; i++)
		error = packed__add(&recorder->fresh, &recorder->packings[first],
				    items__get(&items, i));
	return error ? error : packed__copy(&tier->known[first], &recorder->fresh);
}

void tier_writer__copy_lent(struct tier_writer *tier, const void *lent, const void *written)
{
	for (uint32_t i = 0; i < tier->info->set_count; i++) {
		const void *view = i < tier->done ? written : lent;

		/* What is neither lent nor written is known as it was. */
		if (tier->mirror.parts[i] != PART_LIST || (i >= tier->done && !tier->is_lent))
			continue;
		if (copy_list(tier, i, view))
			tier->known[i].size = 0;
	}
	tier->is_lent = false;
}

void tier_writer__lend(struct tier_writer *tier)
{
	tier->is_lent = true;
	for (uint32_t i = 0; i < tier->info->set_count; i++)
		packed__free(&tier->known[i]);
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
		tier->sorted = calloc(recorder->info.set_count, sizeof(*tier->sorted));
		error = tier->known && tier->sorted ? 0 : -ENOMEM;
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
		free(tier->sorted);
	}
	for (uint32_t i = 0; recorder->packings && i < recorder->info.set_count; i++)
		packing__free(&recorder->packings[i]);
	free(recorder->packings);
	free(recorder->next_set);
	packed__free(&recorder->fresh);
	list_free(&recorder->order);
	list_free(&recorder->known_order);
	free(recorder->item);
}
