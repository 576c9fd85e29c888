// SPDX-License-Identifier: GPL-2.0-only
/* Which rows a moment has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/growth.h"
#include "recording/layout.h"
#include "recording/recorder_internal.h"

/* A row is bound: puts it into the file. */
int recorder__insert(const struct database *database, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	sqlite3_reset(statement);
	return code == SQLITE_DONE ? 0 : database__fail(database, code);
}

static void bind_text(sqlite3_stmt *statement, int place, const struct field *field,
		      const void *item)
{
	const char *text = (const char *)item + field->offset;

	sqlite3_bind_text(statement, place, text, (int)strnlen(text, field->count), SQLITE_STATIC);
}

/* Binds the fields of an item, from a parameter on; was: what its arrays have grown from. */
static void bind_item(struct tier_writer *tier, sqlite3_stmt *statement, int place,
		      const struct set *set, const void *was, const void *is)
{
	unsigned char *bytes = tier->arrays;

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
static int bind_row(struct tier_writer *tier, uint32_t place)
{
	uint32_t row = tier->rows[place]++;

	if (row >> LAYOUT_ROW_BITS)
		return database__refuse(tier->database, -E2BIG,
					"cannot hold more than %u of %s: watch fewer VMs",
					1U << LAYOUT_ROW_BITS, tier->info->sets[place]->name);
	sqlite3_bind_int64(tier->inserts[place], 1, tier->moment << LAYOUT_ROW_BITS | row);
	return 0;
}

static int write_row(struct tier_writer *tier, uint32_t place, const void *was, const void *is)
{
	sqlite3_stmt *statement = tier->inserts[place];
	int error = bind_row(tier, place);

	if (error)
		return error;
	bind_item(tier, statement, LAYOUT_ITEM_LEAD + 1, tier->info->sets[place], was, is);
	return recorder__insert(tier->database, statement);
}

/* Writes an item, unless a reader knows it anyway. */
static int write_change(struct tier_writer *tier, uint32_t place, void *mine, const void *is)
{
	const struct set *set = tier->info->sets[place];
	int error;

	if (!tier->is_whole && set__equal(set, mine, is))
		return 0;
	error = write_row(tier, place, tier->is_whole ? tier->mirror.nothing : mine, is);
	mirror__copy_item(set, mine, is);
	return error;
}

/* The next set, from place on, that describes the list of the one at first; or the set count. */
static uint32_t next_of_list(const struct tier_writer *tier, uint32_t first, uint32_t place)
{
	const struct recording_info *info = tier->info;

	for (; place < info->set_count; place++)
		if (place == first || (tier->mirror.parts[place] == PART_AGAIN &&
				       info->sets[place]->list == info->sets[first]->list))
			break;
	return place;
}

static int write_item(struct tier_writer *tier, uint32_t first, void *mine, const void *is)
{
	int error = 0;

	for (uint32_t i = next_of_list(tier, first, first); i < tier->info->set_count && !error;
	     i = next_of_list(tier, first, i + 1))
		error = write_change(tier, i, mine, is);
	return error;
}

static int write_new(struct tier_writer *tier, uint32_t first, struct list *list, const void *is)
{
	const struct set *set = tier->info->sets[first];
	void *mine = list__add(list, set->size);
	int error = mine ? 0 : database__fail(tier->database, SQLITE_NOMEM);

	for (uint32_t i = next_of_list(tier, first, first); mine && i < tier->info->set_count;
	     i = next_of_list(tier, first, i + 1)) {
		if (!error)
			error = write_row(tier, i, tier->mirror.nothing, is);
		mirror__copy_item(tier->info->sets[i], mine, is);
	}
	return error;
}

static int write_gone(struct tier_writer *tier, uint32_t first, const void *mine)
{
	int error = 0;

	for (uint32_t i = next_of_list(tier, first, first); i < tier->info->set_count && !error;
	     i = next_of_list(tier, first, i + 1)) {
		error = bind_row(tier, i);
		if (error)
			break;
		bind_gone(tier->inserts[i], tier->info->sets[i], mine);
		error = recorder__insert(tier->database, tier->inserts[i]);
	}
	return error;
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
static int pass_gone(struct tier_writer *tier, uint32_t first, struct walk *walk, const void *item)
{
	const struct set *set = tier->info->sets[first];
	int error = 0;

	for (; walk->at < walk->before && !error; walk->at++) {
		const void *mine = mine_at(walk, set, walk->at);

		if (item && set__compare(set, mine, item) >= 0)
			break;
		error = recorder__carry(tier, first, mine);
		/* What a whole moment does not have is not there. */
		if (!error && !tier->is_whole)
			error = write_gone(tier, first, mine);
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

static int write_list(struct tier_writer *tier, uint32_t first, const struct list *list)
{
	const struct set *set = tier->info->sets[first];
	struct walk walk = { .mine = mirror_place(set, tier->mirror.view) };
	int error = tier->begins ? recorder__carry_all(tier, first, list) : 0;

	if (!error)
		error = recorder__order(tier, first, list);
	walk.before = walk.mine->count;
	for (size_t i = 0; i < tier->order.count && !error; i++) {
		const void *item = tier->order.list[i];

		error = pass_gone(tier, first, &walk, item);
		if (error)
			break;
		if (walk.at == walk.before ||
		    set__compare(set, mine_at(&walk, set, walk.at), item) != 0) {
			error = write_new(tier, first, walk.mine, item);
		} else {
			error = write_item(tier, first, mine_at(&walk, set, walk.at), item);
			keep(&walk, set);
		}
	}
	if (!error)
		error = pass_gone(tier, first, &walk, NULL);
	/* Also after an error, the mirror has all items that have not gone. */
	while (walk.at < walk.before)
		keep(&walk, set);
	close_gap(&walk, set);
	return error;
}

static int write_events(struct tier_writer *tier, uint32_t place, const struct list *list)
{
	const struct set *set = tier->info->sets[place];
	int error = 0;

	for (size_t i = 0; i < list->count && !error; i++)
		error = write_row(tier, place, tier->mirror.nothing,
				  (const char *)list->items + i * set->size);
	return error;
}

static int write_moment(struct tier_writer *tier)
{
	sqlite3_stmt *statement = tier->inserts[0];
	const struct set *set = tier->info->sets[0];

	sqlite3_bind_int64(statement, 1, tier->moment);
	sqlite3_bind_int64(statement, 2, tier->run);
	sqlite3_bind_int(statement, 3, tier->is_whole);
	bind_item(tier, statement, LAYOUT_MOMENT_LEAD + 1, set, tier->mirror.nothing,
		  mirror_place(set, tier->mirror.view));
	return recorder__insert(tier->database, statement);
}

int recorder__write_sets(struct tier_writer *tier, const void *view)
{
	int error = write_moment(tier);

	for (uint32_t i = 1; i < tier->info->set_count && !error; i++) {
		const struct set *set = tier->info->sets[i];
		const void *place = mirror_place(set, view);

		tier->rows[i] = 0;
		switch (tier->mirror.parts[i]) {
		case PART_ONE:
			error = write_change(tier, i, mirror_place(set, tier->mirror.view), place);
			break;
		case PART_LIST:
			error = write_list(tier, i, place);
			break;
		case PART_EVENTS:
			error = write_events(tier, i, place);
			break;
		case PART_AGAIN:
			break;
		}
	}
	return error;
}
