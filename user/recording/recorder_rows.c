// SPDX-License-Identifier: GPL-2.0-only
/* Which rows a moment has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/growth.h"
#include "recording/layout.h"
#include "recording/recorder_internal.h"

/* A row is bound: puts it into the file. */
int recorder__insert(const struct recorder *recorder, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	sqlite3_reset(statement);
	return code == SQLITE_DONE ? 0 : database__fail(&recorder->database, code);
}

static void bind_text(sqlite3_stmt *statement, int place, const struct field *field,
		      const void *item)
{
	const char *text = (const char *)item + field->offset;

	sqlite3_bind_text(statement, place, text, (int)strnlen(text, field->count), SQLITE_STATIC);
}

/* Binds the fields of an item, from a parameter on; was: what its arrays have grown from. */
static void bind_item(struct recorder *recorder, sqlite3_stmt *statement, int place,
		      const struct set *set, const void *was, const void *is)
{
	unsigned char *bytes = recorder->arrays;

	for (uint32_t i = 0; i < set->field_count; i++, place++) {
		const struct field *field = &set->fields[i];

		if (field->type == FIELD_TEXT) {
			bind_text(statement, place, field, is);
		} else if (field__is_array(field)) {
			size_t size = growth__write(field, was, is, bytes);

			sqlite3_bind_blob(statement, place, bytes, (int)size, SQLITE_STATIC);
			bytes += size;
		} else {
			sqlite3_bind_int64(statement, place, (int64_t)field__get(field, is, 0));
		}
	}
	if (layout__needs_here(set))
		sqlite3_bind_int(statement, place, 1);
}

static void bind_gone(sqlite3_stmt *statement, const struct set *set, const void *item)
{
	uint32_t figures = set->field_count - set->key_count + layout__needs_here(set);
	int place = LAYOUT_ITEM_LEAD + 1;

	for (uint32_t i = 0; i < set->key_count; i++, place++)
		if (set->fields[i].type == FIELD_TEXT)
			bind_text(statement, place, &set->fields[i], item);
		else
			sqlite3_bind_int64(statement, place,
					   (int64_t)field__get(&set->fields[i], item, 0));
	while (figures--)
		sqlite3_bind_null(statement, place++);
}

/* Gives the next row of a set its number. */
static int bind_row(struct recorder *recorder, uint32_t place)
{
	uint32_t row = recorder->rows[place]++;

	if (row >> LAYOUT_ROW_BITS)
		return database__refuse(&recorder->database, -E2BIG,
					"cannot hold more than %u of %s: watch fewer VMs",
					1U << LAYOUT_ROW_BITS, recorder->info.sets[place]->name);
	sqlite3_bind_int64(recorder->inserts[place], 1, recorder->moment << LAYOUT_ROW_BITS | row);
	return 0;
}

static int write_row(struct recorder *recorder, uint32_t place, const void *was, const void *is)
{
	sqlite3_stmt *statement = recorder->inserts[place];
	int error = bind_row(recorder, place);

	if (error)
		return error;
	bind_item(recorder, statement, LAYOUT_ITEM_LEAD + 1, recorder->info.sets[place], was, is);
	return recorder__insert(recorder, statement);
}

/* Writes an item, unless a reader knows it anyway. */
static int write_change(struct recorder *recorder, uint32_t place, void *mine, const void *is)
{
	const struct set *set = recorder->info.sets[place];
	int error;

	if (!recorder->is_whole && set__equal(set, mine, is))
		return 0;
	error = write_row(recorder, place, recorder->is_whole ? recorder->mirror.nothing : mine,
			  is);
	mirror__copy_item(set, mine, is);
	return error;
}

/* The next set, from place on, that describes the list of the one at first; or the set count. */
static uint32_t next_of_list(const struct recorder *recorder, uint32_t first, uint32_t place)
{
	const struct recording_info *info = &recorder->info;

	for (; place < info->set_count; place++)
		if (place == first || (recorder->mirror.parts[place] == PART_AGAIN &&
				       info->sets[place]->list == info->sets[first]->list))
			break;
	return place;
}

static int write_item(struct recorder *recorder, uint32_t first, void *mine, const void *is)
{
	int error = 0;

	for (uint32_t i = next_of_list(recorder, first, first);
	     i < recorder->info.set_count && !error; i = next_of_list(recorder, first, i + 1))
		error = write_change(recorder, i, mine, is);
	return error;
}

static int write_new(struct recorder *recorder, uint32_t first, struct list *list, const void *is)
{
	const struct set *set = recorder->info.sets[first];
	void *mine = list__add(list, set->size);
	int error = mine ? 0 : database__fail(&recorder->database, SQLITE_NOMEM);

	for (uint32_t i = next_of_list(recorder, first, first);
	     i < recorder->info.set_count && !error; i = next_of_list(recorder, first, i + 1)) {
		error = write_row(recorder, i, recorder->mirror.nothing, is);
		mirror__copy_item(recorder->info.sets[i], mine, is);
	}
	return error;
}

static int write_gone(struct recorder *recorder, uint32_t first, const void *mine)
{
	int error = 0;

	for (uint32_t i = next_of_list(recorder, first, first);
	     i < recorder->info.set_count && !error; i = next_of_list(recorder, first, i + 1)) {
		error = bind_row(recorder, i);
		if (error)
			break;
		bind_gone(recorder->inserts[i], recorder->info.sets[i], mine);
		error = recorder__insert(recorder, recorder->inserts[i]);
	}
	return error;
}

static int compare_places(const void *left, const void *right, void *set)
{
	return set__compare(set, *(const void *const *)left, *(const void *const *)right);
}

/*
 * Puts the list's items in the order of their keys into recorder->order; two items with equal keys
 * are an error.
 */
static int order_items(struct recorder *recorder, const struct set *set, const struct list *list)
{
	bool is_ordered = true, is_unique = true;

	if (list_reserve(&recorder->order, list->count))
		return database__fail(&recorder->database, SQLITE_NOMEM);
	recorder->order.count = list->count;
	for (size_t i = 0; i < list->count; i++) {
		recorder->order.list[i] = (char *)list->items + i * set->size;
		if (i && compare_places(&recorder->order.list[i - 1], &recorder->order.list[i],
					(void *)set) >= 0)
			is_ordered = false;
	}
	if (is_ordered)
		return 0;
	qsort_r(recorder->order.list, list->count, sizeof(void *), compare_places, (void *)set);
	for (size_t i = 1; i < list->count && is_unique; i++)
		is_unique = compare_places(&recorder->order.list[i - 1], &recorder->order.list[i],
					   (void *)set) < 0;
	return is_unique
		       ? 0
		       : database__refuse(&recorder->database, -EEXIST,
					  "is given two %s with the same keys: tell kvmq's authors",
					  set->name);
}

/* Items that go leave no gap among the old ones; new ones are behind these until the end. */
struct walk {
	struct list *mine;
	size_t before, at, kept; /* of the old items: how many there were, were looked at, stay */
};

static void *mine_at(const struct walk *walk, const struct set *set, size_t place)
{
	return (char *)walk->mine->items + place * set->size;
}

static void keep(struct walk *walk, const struct set *set)
{
	if (walk->kept != walk->at)
		memcpy(mine_at(walk, set, walk->kept), mine_at(walk, set, walk->at), set->size);
	walk->kept++;
	walk->at++;
}

/* All old items before this one have gone; NULL: all that are left. */
static int pass_gone(struct recorder *recorder, uint32_t first, struct walk *walk, const void *item)
{
	const struct set *set = recorder->info.sets[first];
	int error = 0;

	for (; walk->at < walk->before && !error; walk->at++) {
		const void *mine = mine_at(walk, set, walk->at);

		if (item && set__compare(set, mine, item) >= 0)
			break;
		error = write_gone(recorder, first, mine);
	}
	return error;
}

static void close_gap(struct walk *walk, const struct set *set)
{
	size_t added = walk->mine->count - walk->before;

	if (added && walk->kept != walk->before)
		memmove(mine_at(walk, set, walk->kept), mine_at(walk, set, walk->before),
			added * set->size);
	walk->mine->count = walk->kept + added;
	if (added)
		set__sort(set, walk->mine);
}

static int write_list(struct recorder *recorder, uint32_t first, const struct list *list)
{
	const struct set *set = recorder->info.sets[first];
	struct walk walk = { .mine = mirror_place(set, recorder->mirror.view) };
	int error = order_items(recorder, set, list);

	walk.before = walk.mine->count;
	for (size_t i = 0; i < list->count && !error; i++) {
		const void *item = recorder->order.list[i];

		error = pass_gone(recorder, first, &walk, item);
		if (error)
			break;
		if (walk.at == walk.before ||
		    set__compare(set, mine_at(&walk, set, walk.at), item) != 0) {
			error = write_new(recorder, first, walk.mine, item);
		} else {
			error = write_item(recorder, first, mine_at(&walk, set, walk.at), item);
			keep(&walk, set);
		}
	}
	if (!error)
		error = pass_gone(recorder, first, &walk, NULL);
	if (!error)
		close_gap(&walk, set);
	return error;
}

static int write_events(struct recorder *recorder, uint32_t place, const struct list *list)
{
	const struct set *set = recorder->info.sets[place];
	int error = 0;

	for (size_t i = 0; i < list->count && !error; i++)
		error = write_row(recorder, place, recorder->mirror.nothing,
				  (const char *)list->items + i * set->size);
	return error;
}

static int write_moment(struct recorder *recorder)
{
	sqlite3_stmt *statement = recorder->inserts[0];
	const struct set *set = recorder->info.sets[0];

	sqlite3_bind_int64(statement, 1, recorder->moment);
	sqlite3_bind_int64(statement, 2, recorder->run);
	sqlite3_bind_int(statement, 3, recorder->is_whole);
	bind_item(recorder, statement, LAYOUT_MOMENT_LEAD + 1, set, recorder->mirror.nothing,
		  mirror_place(set, recorder->mirror.view));
	return recorder__insert(recorder, statement);
}

int recorder__write_sets(struct recorder *recorder, const void *view)
{
	int error = write_moment(recorder);

	for (uint32_t i = 1; i < recorder->info.set_count && !error; i++) {
		const struct set *set = recorder->info.sets[i];
		const void *place = mirror_place(set, view);

		recorder->rows[i] = 0;
		switch (recorder->mirror.parts[i]) {
		case PART_ONE:
			error = write_change(recorder, i, mirror_place(set, recorder->mirror.view),
					     place);
			break;
		case PART_LIST:
			error = write_list(recorder, i, place);
			break;
		case PART_EVENTS:
			error = write_events(recorder, i, place);
			break;
		case PART_AGAIN:
			break;
		}
	}
	return error;
}
