// SPDX-License-Identifier: GPL-2.0-only
/* From a moment's rows to its items. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/growth.h"
#include "recording/layout.h"
#include "recording/recording_internal.h"

#define MOST_ITEMS (1U << LAYOUT_ROW_BITS) /* of a list: more is no kvmq's */

static int damaged(const struct recording *recording)
{
	return database__fail(&recording->database, SQLITE_CORRUPT);
}

static void read_text(sqlite3_stmt *row, int column, const struct field *field, void *item)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	field__put_text(field, item, text, text ? strlen(text) : 0);
}

/* One field: absolute, or an array's growth. A missing column reads as 0. */
static int read_field(const struct recording *recording, sqlite3_stmt *row, int column,
		      const struct field *field, void *item)
{
	const void *bytes;
	int64_t number;

	if (field->type == FIELD_TEXT) {
		read_text(row, column, field, item);
	} else if (field__is_array(field)) {
		bytes = sqlite3_column_blob(row, column);
		if (growth__read(field, item, bytes, (size_t)sqlite3_column_bytes(row, column)))
			return damaged(recording);
	} else {
		number = sqlite3_column_int64(row, column);
		if (!field__allows(field, number))
			return damaged(recording);
		field__put(field, item, 0, (uint64_t)number);
	}
	return 0;
}

static int read_fields(const struct recording *recording, sqlite3_stmt *row, int column,
		       const struct set *set, uint32_t count, void *item)
{
	int error = 0;

	for (uint32_t i = 0; i < count && !error; i++)
		error = read_field(recording, row, column + (int)i, &set->fields[i], item);
	return error;
}

/* After the lead comes whether it has gone. */
static int read_item(const struct recording *recording, sqlite3_stmt *row, const struct set *set,
		     void *item)
{
	return read_fields(recording, row, LAYOUT_ITEM_LEAD + 1, set, set->field_count, item);
}

/* The item of a row: one of those that were there before the set's rows, or a new one. */
static int read_keyed(struct recording *recording, sqlite3_stmt *row, const struct set *set,
		      struct list *list)
{
	struct list before = { list->items, recording->gone.count, 0 };
	int error = read_fields(recording, row, LAYOUT_ITEM_LEAD + 1, set, set->key_count,
				recording->row);
	char *item;

	if (error)
		return error;
	item = set__find(set, &before, recording->row);
	if (sqlite3_column_int(row, LAYOUT_ITEM_LEAD)) {
		if (item)
			recording->gone.list[(item - (char *)list->items) / set->size] = true;
		return 0;
	}
	if (!item && list->count < MOST_ITEMS)
		item = list__add(list, set->size);
	return item ? read_item(recording, row, set, item) : damaged(recording);
}

/* The item that a change is of: 0, or -errno after one line. */
static int find_changed(const struct recording *recording, const struct set *set, struct list *list,
			enum change change, uint64_t place, void **item)
{
	bool is_known = change != CHANGE_NEW;

	if (is_known ? place >= recording->gone.count : list->count == MOST_ITEMS)
		return damaged(recording);
	*item = is_known ? (char *)list->items + place * set->size : list__add(list, set->size);
	return *item ? 0 : database__fail(&recording->database, SQLITE_NOMEM);
}

/* A row of a bulk set. */
static int read_changes(struct recording *recording, const struct tier_reader *tier, uint32_t place,
			sqlite3_stmt *row, int column)
{
	const struct set *set = recording->info.sets[place];
	struct list *list = mirror_place(set, tier->mirror.view);
	const void *bytes = sqlite3_column_blob(row, column);
	struct change_reader reader;
	enum change change;
	uint64_t known;
	int found = change_reader__begin(&reader, &tier->changes[place], bytes,
					 (size_t)sqlite3_column_bytes(row, column));

	while (!found && (found = change_reader__next(&reader, &change, &known)) > 0) {
		void *item;
		int error = find_changed(recording, set, list, change, known, &item);

		if (error)
			return error;
		if (change == CHANGE_GONE)
			recording->gone.list[known] = true;
		found = change_reader__read(&reader, change, item);
	}
	return found ? damaged(recording) : 0;
}

static int remember_items(struct recording *recording, const struct list *list)
{
	if (list_reserve(&recording->gone, list->count))
		return database__fail(&recording->database, SQLITE_NOMEM);
	recording->gone.count = list->count;
	if (list->count)
		memset(recording->gone.list, 0, list->count * sizeof(bool));
	return 0;
}

static void drop_gone(const struct recording *recording, const struct set *set, struct list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (i < recording->gone.count && recording->gone.list[i])
			continue;
		if (kept != i)
			memcpy((char *)list->items + kept * set->size,
			       (char *)list->items + i * set->size, set->size);
		kept++;
	}
	list->count = kept;
}

static int read_row(struct recording *recording, struct tier_reader *tier, uint32_t place,
		    sqlite3_stmt *row)
{
	const struct set *set = recording->info.sets[place];
	int changes = LAYOUT_ITEM_LEAD + 1 + (int)set->field_count;
	void *at = mirror_place(set, tier->mirror.view);

	if (set->bulk && sqlite3_column_type(row, changes) == SQLITE_BLOB)
		return read_changes(recording, tier, place, row, changes);
	if (tier->mirror.parts[place] == PART_LIST || tier->mirror.parts[place] == PART_AGAIN)
		return read_keyed(recording, row, set, at);
	if (tier->mirror.parts[place] == PART_EVENTS)
		at = list__add(at, set->size);
	return at ? read_item(recording, row, set, at)
		  : database__fail(&recording->database, SQLITE_NOMEM);
}

static int read_rows(struct recording *recording, struct tier_reader *tier, uint32_t place)
{
	sqlite3_stmt *rows = tier->selects[place];
	int64_t first = tier->moment << LAYOUT_ROW_BITS;
	int error = 0, code = SQLITE_DONE;

	sqlite3_bind_int64(rows, 1, first);
	sqlite3_bind_int64(rows, 2, first + (1LL << LAYOUT_ROW_BITS) - 1);
	while (!error && (code = sqlite3_step(rows)) == SQLITE_ROW)
		error = read_row(recording, tier, place, rows);
	if (!error && code != SQLITE_DONE)
		error = database__fail(&recording->database, code);
	sqlite3_reset(rows);
	return error;
}

static int read_set(struct recording *recording, struct tier_reader *tier, uint32_t place)
{
	const struct set *set = recording->info.sets[place];
	struct list *list = mirror_place(set, tier->mirror.view);
	bool is_keyed = set->key_count && !set->events;
	int error = is_keyed ? remember_items(recording, list) : 0;

	if (!error)
		error = read_rows(recording, tier, place);
	if (error || !is_keyed)
		return error;
	if (list->count > recording->gone.count) {
		drop_gone(recording, set, list);
		set__sort(set, list);
	} else {
		drop_gone(recording, set, list);
	}
	return 0;
}

int recording__read_moment(struct recording *recording, struct tier_reader *tier, bool is_whole)
{
	struct mirror *mirror = &tier->mirror;
	const struct set *moments = recording->info.sets[0];
	int error;

	mirror__turn(mirror);
	if (is_whole)
		mirror__clear(mirror);
	/* Its arrays are of this moment alone, too. */
	mirror__copy_item(moments, mirror_place(moments, mirror->view), mirror->nothing);
	error = read_fields(recording, tier->selects[0], LAYOUT_MOMENT_LEAD + 1, moments,
			    moments->field_count, mirror_place(moments, mirror->view));
	if (!is_whole)
		mirror__age(mirror);
	for (uint32_t i = 1; i < recording->info.set_count && !error; i++)
		if (tier->selects[i])
			error = read_set(recording, tier, i);
	return error;
}

static int visit_rows(struct recording *recording, struct tier_reader *tier, uint32_t place,
		      void (*visit)(void *context, const void *item), void *context)
{
	sqlite3_stmt *rows = tier->selects[place];
	int error = 0, code = SQLITE_DONE;

	sqlite3_bind_int64(rows, 1, 0);
	sqlite3_bind_int64(rows, 2, INT64_MAX);
	while (!error && (code = sqlite3_step(rows)) == SQLITE_ROW) {
		if (sqlite3_column_int(rows, LAYOUT_ITEM_LEAD))
			continue; /* it has gone */
		error = read_item(recording, rows, recording->info.sets[place], recording->row);
		if (!error)
			visit(context, recording->row);
	}
	if (!error && code != SQLITE_DONE)
		error = database__fail(&recording->database, code);
	sqlite3_reset(rows);
	return error;
}

static int visit_set(struct recording *recording, uint32_t place,
		     void (*visit)(void *context, const void *item), void *context)
{
	struct tier_reader *tier = recording_tier(recording, recording->first_tier);
	int error = 0;

	for (; tier && !error; tier = recording_tier(recording, tier->number + 1))
		if (tier->selects[place])
			error = visit_rows(recording, tier, place, visit, context);
	return error;
}

int recording__each(struct recording *recording, const struct set *set,
		    void (*visit)(void *context, const void *item), void *context)
{
	int error = recording->error;

	for (uint32_t i = 1; i < recording->info.set_count && !error; i++)
		if (recording->info.sets[i] == set)
			error = visit_set(recording, i, visit, context);
	return error;
}
