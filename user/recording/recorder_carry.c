// SPDX-License-Identifier: GPL-2.0-only
/*
 * The items of a moment in their order, with those that have gone since the tier's moment before.
 * A coarser tier would not know the last figures of what went in between.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recording/recorder_internal.h"

/* Of each tier. More VMs than that end within some minutes where something is wrong with the host.
 */
#define MOST_BYTES (4U << 20)

static int add(struct tier_writer *tier, uint32_t place, const void *item)
{
	const struct set *set = tier->info->sets[place];
	void *kept;

	if (tier->carried_bytes + set->size > MOST_BYTES) {
		tier->lost++;
		return 0;
	}
	kept = list__add(&tier->carried[place], set->size);
	if (!kept)
		return database__fail(tier->database, SQLITE_NOMEM);
	memcpy(kept, item, set->size);
	tier->carried_bytes += set->size;
	return 0;
}

int recorder__carry(struct tier_writer *tier, uint32_t place, const void *item)
{
	int error = 0;

	if (!tier_writer__is_finest(tier))
		return 0;
	for (uint32_t i = tier->number + 1; i < RECORDER_TIERS && !error; i++) {
		struct tier_writer *coarser = &tier->recorder->tiers[i];

		/* It may have been written together with what the item was last. */
		if (coarser->moments_per_whole && coarser->written != tier->written)
			error = add(coarser, place, item);
	}
	return error;
}

int recorder__carry_all(struct tier_writer *tier, uint32_t place, const struct list *list)
{
	const struct set *set = tier->info->sets[place];
	struct packed_cursor cursor = packed__begin(&tier->known[place]);
	const void *item = tier->recorder->item;
	struct items items;
	size_t at = 0;
	int error = recorder__order(tier, place, list, &items);

	while (!error && packed__step(&cursor)) {
		tier_writer__unpack(tier, place, &cursor);
		while (at < items.count && set__compare(set, items__get(&items, at), item) < 0)
			at++;
		if (at == items.count || set__compare(set, items__get(&items, at), item) != 0)
			error = recorder__carry(tier, place, item);
	}
	return error;
}

void recorder__drop_carried(struct tier_writer *tier)
{
	for (uint32_t i = 0; i < tier->info->set_count; i++)
		tier->carried[i].count = 0;
	tier->carried_bytes = 0;
}

static int compare_places(const void *left, const void *right, void *set)
{
	return set__compare(set, *(const void *const *)left, *(const void *const *)right);
}

static bool is_in(const struct set *set, const struct list *list, const void *item)
{
	const char *begin = list->items;

	return list->count && (const char *)item >= begin &&
	       (const char *)item < begin + list->count * set->size;
}

/* Of items with equal keys: the list's; of those that are carried, the one that went last. */
static int drop_doubles(struct tier_writer *tier, const struct set *set, const struct list *list)
{
	struct recorder *recorder = tier->recorder;
	size_t kept = 0;

	for (size_t i = 0; i < recorder->order.count; i++) {
		const void **last = kept ? &recorder->order.list[kept - 1] : NULL;
		const void *item = recorder->order.list[i];

		if (!last || set__compare(set, *last, item) != 0)
			recorder->order.list[kept++] = item;
		else if (is_in(set, list, *last) && is_in(set, list, item))
			return database__refuse(
				tier->database, -EEXIST,
				"is given two %s with the same keys: tell kvmq's authors",
				set->name);
		else if (is_in(set, list, item) || (!is_in(set, list, *last) && item > *last))
			*last = item;
	}
	recorder->order.count = kept;
	return 0;
}

static void append(struct list *order, const struct set *set, const struct list *list)
{
	const void **places = order->items;

	for (size_t i = 0; i < list->count; i++)
		places[order->count++] = (char *)list->items + i * set->size;
}

static void sort(struct list *order, const struct set *set)
{
	if (order->count)
		qsort_r(order->items, order->count, sizeof(void *), compare_places, (void *)set);
}

static bool is_sorted(const struct set *set, const struct list *list)
{
	const char *item = list->items;

	for (size_t i = 1; i < list->count; i++, item += set->size)
		if (set__compare(set, item, item + set->size) >= 0)
			return false;
	return true;
}

static struct items as_in_list(const struct set *set, const struct list *list)
{
	return (struct items){ .list = list->items, .size = set->size, .count = list->count };
}

int recorder__order(struct tier_writer *tier, uint32_t place, const struct list *list,
		    struct items *items)
{
	const struct set *set = tier->info->sets[place];
	struct recorder *recorder = tier->recorder;
	const struct list *carried =
		tier->begins ? &tier->begins->carried[place] : &tier->carried[place];
	int error;

	*items = as_in_list(set, list);
	if (!carried->count && is_sorted(set, list))
		return 0;
	recorder->order.count = 0;
	if (list_reserve(&recorder->order, list->count + carried->count))
		return database__fail(tier->database, SQLITE_NOMEM);
	append(&recorder->order.all, set, list);
	append(&recorder->order.all, set, carried);
	sort(&recorder->order.all, set);
	error = drop_doubles(tier, set, list);
	items->order = recorder->order.list;
	items->count = recorder->order.count;
	return error;
}

int recorder__order_lent(const struct tier_writer *tier, uint32_t place, const struct list *list,
			 struct items *items)
{
	const struct set *set = tier->info->sets[place];
	struct recorder *recorder = tier->recorder;

	*items = as_in_list(set, list);
	if (tier->sorted[place])
		return 0;
	recorder->known_order.count = 0;
	if (list_reserve(&recorder->known_order, list->count))
		return -ENOMEM;
	append(&recorder->known_order.all, set, list);
	sort(&recorder->known_order.all, set);
	items->order = recorder->known_order.list;
	return 0;
}
