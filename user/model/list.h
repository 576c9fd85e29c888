/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists that grow: items of one size, one after the other. */
#ifndef KVMQ_LIST_H
#define KVMQ_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A list whose items' type is not known here. One of zeros is empty. */
struct list {
	void *items;
	size_t count;
	size_t capacity;
};

/*
 * A list of a type: x.list[i] and x.count for those who know it, x.all for the functions
 * below. (As in the kernel, nothing is built with strict aliasing.)
 */
/* NOLINTBEGIN(bugprone-macro-parentheses): a type in parentheses is none */
#define LIST(type)                                                                                 \
	union {                                                                                    \
		struct list all;                                                                   \
		struct {                                                                           \
			type *list;                                                                \
			size_t count;                                                              \
			size_t capacity;                                                           \
		};                                                                                 \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

/* One more item, of zeros, at the end of a LIST(): a pointer to it, or NULL (no memory). */
#define list_add(of) ((__typeof__((of)->list))list__add(&(of)->all, sizeof(*(of)->list)))

/* Room for so many items in all: 0 or -ENOMEM, and then the list is as it was. */
#define list_reserve(of, wanted) list__reserve(&(of)->all, sizeof(*(of)->list), wanted)

/* A copy of all items of another LIST() of the same type in place of its own: 0 or -ENOMEM. */
#define list_copy(of, from) list__copy(&(of)->all, &(from)->all, sizeof(*(of)->list))

#define list_clear(of) ((void)((of)->count = 0))
#define list_free(of) list__free(&(of)->all)

/* Orders the items; one without items needs no memory (qsort() must not be given NULL). */
#define list_sort(of, compare) list__sort(&(of)->all, sizeof(*(of)->list), compare)

/* Takes the items out that are to go; the others stay in their order. */
#define list_drop(of, goes) list__drop(&(of)->all, sizeof(*(of)->list), goes)

/* The item that compares as equal to *key in a list ordered by compare, or NULL. */
#define list_find(of, key, compare)                                                                \
	((__typeof__((of)->list))list__find(&(of)->all, sizeof(*(of)->list), key, compare))

/*
 * The same for keys that come in order: searches from *place on, 0 at first, and moves it. All keys
 * together take one walk through the list.
 */
#define list_next(of, place, key, compare)                                                         \
	((__typeof__((of)->list))list__next(&(of)->all, sizeof(*(of)->list), place, key, compare))

typedef int (*list_compare)(const void *left, const void *right);

void *list__add(struct list *list, size_t size);
int list__reserve(struct list *list, size_t size, size_t wanted);
int list__copy(struct list *list, const struct list *from, size_t size);
void list__free(struct list *list);
void list__sort(struct list *list, size_t size, list_compare compare);
void list__drop(struct list *list, size_t size, bool (*goes)(const void *item));
void *list__find(const struct list *list, size_t size, const void *key, list_compare compare);

/* Here, so that a compiler puts the comparison itself into the walk. */
static inline void *list__next(const struct list *list, size_t size, size_t *place, const void *key,
			       list_compare compare)
{
	const char *items = list->items;
	int order = 1;

	while (*place < list->count && (order = compare(key, items + *place * size)) > 0)
		(*place)++;
	return *place < list->count && !order ? (void *)(items + *place * size) : NULL;
}

/* An order of items that begin with a uint64_t; also of plain uint64_t. */
static inline int compare_ids(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

#endif
