// SPDX-License-Identifier: GPL-2.0-only
#include "model/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The first allocation has room for so many items, fewer if they are large. */
#define LIST_FIRST 16
#define LIST_FIRST_BYTES 1024

static void *item(const struct list *list, size_t size, size_t place)
{
	return (char *)list->items + place * size;
}

int list__reserve(struct list *list, size_t size, size_t wanted)
{
	size_t capacity = list->capacity * 2, bytes;
	void *items;

	if (wanted <= list->capacity)
		return 0;
	if (!capacity)
		capacity =
			size * LIST_FIRST > LIST_FIRST_BYTES ? LIST_FIRST_BYTES / size : LIST_FIRST;
	if (capacity < wanted)
		capacity = wanted;
	/* reallocarray() would end a build with sanitizers. */
	if (__builtin_mul_overflow(capacity, size, &bytes))
		return -ENOMEM;
	items = realloc(list->items, bytes);
	if (!items)
		return -ENOMEM;
	list->items = items;
	list->capacity = capacity;
	return 0;
}

void *list__add(struct list *list, size_t size)
{
	if (list__reserve(list, size, list->count + 1))
		return NULL;
	return memset(item(list, size, list->count++), 0, size);
}

int list__copy(struct list *list, const struct list *from, size_t size)
{
	if (list__reserve(list, size, from->count))
		return -ENOMEM;
	if (from->count)
		memcpy(list->items, from->items, from->count * size);
	list->count = from->count;
	return 0;
}

void list__free(struct list *list)
{
	free(list->items);
	*list = (struct list){ 0 };
}

void list__sort(struct list *list, size_t size, list_compare compare)
{
	if (list->count)
		qsort(list->items, list->count, size, compare);
}

void list__drop(struct list *list, size_t size, bool (*goes)(const void *item))
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (goes(item(list, size, i)))
			continue;
		if (kept != i)
			memcpy(item(list, size, kept), item(list, size, i), size);
		kept++;
	}
	list->count = kept;
}

void *list__find(const struct list *list, size_t size, const void *key, list_compare compare)
{
	return list->count ? bsearch(key, list->items, list->count, size, compare) : NULL;
}
