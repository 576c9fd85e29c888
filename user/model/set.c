// SPDX-License-Identifier: GPL-2.0-only
#include "model/set.h"

#include <stdlib.h>
#include <string.h>

bool field__is_array(const struct field *field)
{
	return field->type != FIELD_TEXT && field->count > 1;
}

const struct field *set__field(const struct set *set, const char *name)
{
	for (uint32_t i = 0; i < set->field_count; i++)
		if (!strcmp(set->fields[i].name, name))
			return &set->fields[i];
	return NULL;
}

void field__put_text(const struct field *field, void *item, const char *text, size_t length)
{
	char *to = (char *)item + field->offset;

	if (length >= field->count)
		length = field->count - 1;
	memset(to, 0, field->count);
	if (length)
		memcpy(to, text, strnlen(text, length));
}

bool field__allows(const struct field *field, int64_t value)
{
	if (!field->below)
		return true;
	return value >= (field->type == FIELD_I32 ? -1 : 0) && value < (int64_t)field->below;
}

static int compare_numbers(const struct field *field, const void *a, const void *b)
{
	for (uint32_t i = 0; i < field->count; i++) {
		uint64_t left = field__get(field, a, i), right = field__get(field, b, i);

		if (left == right)
			continue;
		if (field->type == FIELD_I32)
			return (int64_t)left < (int64_t)right ? -1 : 1;
		return left < right ? -1 : 1;
	}
	return 0;
}

static int compare_field(const struct field *field, const void *a, const void *b)
{
	if (field->type == FIELD_TEXT)
		return strncmp((const char *)a + field->offset, (const char *)b + field->offset,
			       field->count);
	return compare_numbers(field, a, b);
}

/* Most keys are single numbers. */
static inline int compare_key(const struct field *field, const void *left, const void *right)
{
	uint64_t a, b;

	if (field->count > 1 || (field->type != FIELD_U64 && field->type != FIELD_U32))
		return compare_field(field, left, right);
	if (field->type == FIELD_U64) {
		a = *(const uint64_t *)((const char *)left + field->offset);
		b = *(const uint64_t *)((const char *)right + field->offset);
	} else {
		a = *(const uint32_t *)((const char *)left + field->offset);
		b = *(const uint32_t *)((const char *)right + field->offset);
	}
	return a == b ? 0 : a < b ? -1 : 1;
}

static int compare_keys(const struct set *set, uint32_t keys, const void *left, const void *right)
{
	int order = 0;

	for (uint32_t i = 0; i < keys && !order; i++)
		order = compare_key(&set->fields[i], left, right);
	return order;
}

int set__compare(const struct set *set, const void *left, const void *right)
{
	return compare_keys(set, set->key_count, left, right);
}

static int compare_items(const void *left, const void *right, void *set)
{
	return set__compare(set, left, right);
}

void set__sort(const struct set *set, struct list *list)
{
	if (list->count)
		qsort_r(list->items, list->count, set->size, compare_items, (void *)set);
}

void *set__find(const struct set *set, const struct list *list, const void *item)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		char *at = (char *)list->items + middle * set->size;
		int order = set__compare(set, item, at);

		if (!order)
			return at;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/*
 * How many items are before the first one with these keys; with up set, before the first one after
 * them.
 */
static size_t find_bound(const struct set *set, uint32_t keys, const struct list *list,
			 const void *item, bool up)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_keys(set, keys, (char *)list->items + middle * set->size, item);

		if (order < 0 || (up && !order))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void *set__find_part(const struct set *set, uint32_t keys, const struct list *list,
		     const void *item, size_t *count)
{
	size_t first = find_bound(set, keys, list, item, false);

	*count = find_bound(set, keys, list, item, true) - first;
	return *count ? (char *)list->items + first * set->size : NULL;
}

static void subtract_field(const struct field *field, void *result, const void *before,
			   const void *after)
{
	for (uint32_t i = 0; i < field->count; i++) {
		uint64_t old = before ? field__get(field, before, i) : 0;
		uint64_t new = field__get(field, after, i);

		/* Of 32 bits: modulo 2^32. */
		if (field->type == FIELD_U64 && new < old)
			new = old;
		field__put(field, result, i, new - old);
	}
}

void set__subtract(const struct set *set, void *result, const void *before, const void *after)
{
	if (result != after)
		memcpy(result, after, set->size);
	for (uint32_t i = 0; i < set->field_count; i++)
		if (set->fields[i].kind == FIELD_COUNTER)
			subtract_field(&set->fields[i], result, before, after);
}

void set__add(const struct set *set, void *sum, const void *item)
{
	for (uint32_t i = 0; i < set->field_count; i++) {
		const struct field *field = &set->fields[i];

		for (uint32_t j = 0; j < field->count; j++) {
			uint64_t is = field__get(field, sum, j), more = field__get(field, item, j);

			if (field->kind == FIELD_COUNTER)
				field__put(field, sum, j, is + more);
			else if (field->kind == FIELD_MAXIMUM && more > is)
				field__put(field, sum, j, more);
		}
	}
}

static size_t field_size(const struct field *field)
{
	return (size_t)field->count * FIELD_SIZE(field->type);
}

bool field__equal(const struct field *field, const void *a, const void *b)
{
	if (field->type == FIELD_TEXT)
		return !compare_field(field, a, b);
	return !memcmp((const char *)a + field->offset, (const char *)b + field->offset,
		       field_size(field));
}

void field__copy(const struct field *field, void *item, const void *from)
{
	memcpy((char *)item + field->offset, (const char *)from + field->offset, field_size(field));
}

bool set__equal(const struct set *set, const void *a, const void *b)
{
	for (uint32_t i = 0; i < set->field_count; i++)
		if (!field__equal(&set->fields[i], a, b))
			return false;
	return true;
}
