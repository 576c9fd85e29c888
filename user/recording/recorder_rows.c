// SPDX-License-Identifier: GPL-2.0-only
/* Which rows a moment has. */
#include <errno.h>
#include <string.h>

#include "recording/layout.h"
#include "recording/recorder_internal.h"

int recorder__insert(const struct database *database, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	sqlite3_reset(statement);
	return code == SQLITE_DONE ? 0 : database__fail(database, code);
}

/* The number of the next row of a set: 0 or -errno after one line. */
static int next_row(struct tier_writer *tier, uint32_t place, int64_t *number)
{
	uint32_t row = tier->rows[place]++;

	if (row >> LAYOUT_ROW_BITS)
		return database__refuse(tier->database, -E2BIG,
					"cannot hold more than %u of %s: watch fewer VMs",
					1U << LAYOUT_ROW_BITS, tier->info->sets[place]->name);
	*number = tier->moment << LAYOUT_ROW_BITS | row;
	return 0;
}

static int write_row(struct tier_writer *tier, uint32_t place, const void *was, const void *is)
{
	int64_t row = 0;
	int error = next_row(tier, place, &row);

	return error ? error : batch__add(&tier->batches[place], row, was, is);
}

/* What there is so far of a bulk set's changes, as one row. */
static int write_changes(struct tier_writer *tier, uint32_t place)
{
	struct batch *batch = &tier->batches[place];
	int64_t row = 0;
	int error = 0;

	if (change_writer__has_any(&batch->changes))
		error = next_row(tier, place, &row);
	if (error || !row)
		return error;
	tier->recorder->bulk_rows++;
	return batch__put_changes(batch, row);
}

/* The keys are equal. */
static bool has_changed(const struct set *set, const void *known, const void *is)
{
	for (uint32_t i = set->key_count; i < set->field_count; i++)
		if (!field__equal(&set->fields[i], known, is))
			return true;
	return false;
}

/* Writes what has changed of an item; nothing, if a reader knows it anyway. */
static int write_change(struct tier_writer *tier, uint32_t place, const void *known, const void *is,
			bool *changed)
{
	if (!tier->is_whole && !has_changed(tier->info->sets[place], known, is))
		return 0;
	*changed = true;
	return write_row(tier, place, tier->is_whole ? tier->mirror.nothing : known, is);
}

/* The same of a set with one item, which is known then as it is. */
static int write_one(struct tier_writer *tier, uint32_t place, const void *is)
{
	const struct set *set = tier->info->sets[place];
	void *known = mirror_place(set, tier->mirror.view);
	bool changed = false;
	int error = write_change(tier, place, known, is, &changed);

	if (changed)
		mirror__copy_item(set, known, is);
	return error;
}

/* From item to item in the order of the keys: those that are known, and those that are there. */
struct walk {
	struct tier_writer *tier;
	uint32_t first; /* the set */
	const struct set *set;
	const struct packing *packing;
	struct items lent;	     /* what is known, if the tier's view is lent */
	struct packed_cursor cursor; /* else */
	bool ages;
	bool has_mine; /* it is at an item that is known */
	bool is_unpacked;
	const void *mine;      /* that item, if it is */
	uint32_t known, place; /* of how many it has passed; of the one that it is at */
};

static void pass(struct walk *walk)
{
	if (walk->tier->is_lent)
		walk->has_mine = walk->known < walk->lent.count;
	else
		walk->has_mine = packed__step(&walk->cursor);
	walk->is_unpacked = false;
	walk->place = walk->known++;
}

static const void *unpack(struct walk *walk)
{
	if (walk->is_unpacked)
		return walk->mine;
	walk->is_unpacked = true;
	if (walk->tier->is_lent) {
		walk->mine = tier_writer__borrow(walk->tier, walk->first,
						 items__get(&walk->lent, walk->place));
	} else {
		tier_writer__unpack(walk->tier, walk->first, &walk->cursor);
		walk->mine = walk->tier->recorder->item;
	}
	return walk->mine;
}

static int no_memory(const struct walk *walk)
{
	return database__fail(walk->tier->database, SQLITE_NOMEM);
}

/* Whether an item is byte by byte the one that it is at: 1, which is known then; 0 or -ENOMEM. */
static int is_equal(struct walk *walk, const void *is)
{
	struct tier_writer *tier = walk->tier;
	const void *mine;

	if (!tier->is_lent)
		return walk->packing->arrays.count || tier->lends
			       ? 0
			       : packed__add_equal(&tier->recorder->fresh, walk->packing,
						   &walk->cursor, is);
	mine = items__get(&walk->lent, walk->place);
	return !memcmp(mine, is, walk->set->size);
}

/*
 * Most pairs of who waited for whom stay what they were: an item that is known, byte by byte, is
 * passed without more ado. 1 if it is, 0 or -errno.
 */
static int pass_equal(struct walk *walk, const void *is)
{
	int result = 0;

	if (walk->has_mine && !walk->ages && !walk->tier->is_whole)
		result = is_equal(walk, is);
	if (result < 0)
		return no_memory(walk);
	if (result)
		pass(walk);
	return result;
}

/* One more change of a bulk set. */
static int add_change(const struct walk *walk, enum change change, const void *was, const void *is)
{
	struct change_writer *changes = &walk->tier->batches[walk->first].changes;

	change_writer__add(changes, change, walk->place, was, is);
	return change_writer__is_full(changes) ? write_changes(walk->tier, walk->first) : 0;
}

/* An item of a bulk set: it is known, but to a reader that begins here. */
static int write_grown(struct walk *walk, const void *is, bool *changed)
{
	const void *nothing = walk->tier->mirror.nothing;

	*changed = walk->tier->is_whole || has_changed(walk->set, unpack(walk), is);
	if (!*changed)
		return 0;
	return walk->tier->is_whole ? add_change(walk, CHANGE_NEW, nothing, is)
				    : add_change(walk, CHANGE_GROWN, unpack(walk), is);
}

/* In all that is described, an item that is known is from now on as it is. */
static int know(const struct walk *walk, const void *is, bool changed)
{
	struct packed *fresh = &walk->tier->recorder->fresh;
	int error = 0;

	if (walk->tier->lends)
		return 0;
	error = changed ? packed__add(fresh, walk->packing, is)
			: packed__add_again(fresh, walk->packing, &walk->cursor, is);
	return error ? no_memory(walk) : 0;
}

static int write_item(struct walk *walk, const void *is)
{
	struct tier_writer *tier = walk->tier;
	bool changed = false;
	int error = walk->set->bulk ? write_grown(walk, is, &changed) : 0, failed;

	for (uint32_t i = walk->first; i < tier->info->set_count && !error && !walk->set->bulk;
	     i = tier->recorder->next_set[i])
		error = write_change(tier, i, unpack(walk), is, &changed);
	failed = know(walk, is, changed);
	if (failed)
		return failed;
	pass(walk);
	return error;
}

static int write_new(const struct walk *walk, const void *is)
{
	struct tier_writer *tier = walk->tier;
	int error = know(walk, is, true);

	if (walk->set->bulk)
		return error ? error : add_change(walk, CHANGE_NEW, tier->mirror.nothing, is);
	for (uint32_t i = walk->first; i < tier->info->set_count && !error;
	     i = tier->recorder->next_set[i])
		error = write_row(tier, i, tier->mirror.nothing, is);
	return error;
}

static int write_gone(struct walk *walk)
{
	struct tier_writer *tier = walk->tier;
	int error = 0;

	if (walk->set->bulk)
		return add_change(walk, CHANGE_GONE, NULL, NULL);
	for (uint32_t i = walk->first; i < tier->info->set_count && !error;
	     i = tier->recorder->next_set[i]) {
		int64_t row = 0;

		error = next_row(tier, i, &row);
		if (!error)
			error = batch__put_gone(&tier->batches[i], row, unpack(walk));
	}
	return error;
}

/* The known item is no longer there. */
static int pass_gone(struct walk *walk)
{
	int error = recorder__carry(walk->tier, walk->first, unpack(walk));

	/* What a whole moment does not have is not there. */
	if (!error && !walk->tier->is_whole)
		error = write_gone(walk);
	pass(walk);
	return error;
}

/* One that is there, and before it those that are known and are not. */
static int write_next(struct walk *walk, const void *item)
{
	int error = pass_equal(walk, item), order = 1;

	if (error)
		return error < 0 ? error : 0;
	while (walk->has_mine && !error) {
		order = set__compare(walk->set, unpack(walk), item);
		if (order >= 0)
			break;
		error = pass_gone(walk);
	}
	if (error)
		return error;
	return walk->has_mine && !order ? write_item(walk, item) : write_new(walk, item);
}

static int write_ordered(struct walk *walk, const struct items *items)
{
	int error = 0;

	pass(walk);
	for (size_t i = 0; i < items->count && !error; i++)
		error = write_next(walk, items__get(items, i));
	while (walk->has_mine && !error)
		error = pass_gone(walk);
	return error;
}

/* Also after an error, all is known that has not gone. */
static int end_list(const struct walk *walk)
{
	struct packed *fresh = &walk->tier->recorder->fresh;

	if (walk->tier->lends)
		return 0;
	if ((walk->has_mine && packed__add_rest(fresh, &walk->cursor)) ||
	    packed__copy(&walk->tier->known[walk->first], fresh))
		return no_memory(walk);
	return 0;
}

static int write_list(struct tier_writer *tier, uint32_t first, const void *view, const void *lent)
{
	const struct set *set = tier->info->sets[first];
	const struct list *list = mirror_place(set, view);
	struct walk walk = { .tier = tier,
			     .first = first,
			     .set = set,
			     .packing = &tier->recorder->packings[first],
			     .cursor = packed__begin(&tier->known[first]),
			     .ages = tier_writer__ages(tier, first) };
	struct items items = { 0 };
	int error = tier->begins ? recorder__carry_all(tier, first, list) : 0, failed;

	if (!error && tier->is_lent &&
	    recorder__order_lent(tier, first, mirror_place(set, lent), &walk.lent))
		error = no_memory(&walk);
	if (!error)
		error = recorder__order(tier, first, list, &items);
	if (error)
		return error;
	tier->recorder->fresh.size = 0;
	error = write_ordered(&walk, &items);
	if (!error)
		tier->sorted[first] = !items.order;
	failed = end_list(&walk);
	return failed ? failed : error;
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
	const struct mirror *mirror = &tier->mirror;

	return batch__put_moment(&tier->batches[0], tier->moment, tier->run, tier->is_whole,
				 mirror->nothing, mirror_place(tier->info->sets[0], mirror->view));
}

int recorder__write_sets(struct tier_writer *tier, const void *view, const void *lent)
{
	int error;

	for (uint32_t i = 0; i < tier->info->set_count; i++)
		batch__drop(&tier->batches[i]); /* after an error */
	error = write_moment(tier);
	for (uint32_t i = 1; i < tier->info->set_count && !error; i++) {
		const struct set *set = tier->info->sets[i];
		const void *place = mirror_place(set, view);

		tier->rows[i] = 0;
		tier->done = i;
		switch (tier->mirror.parts[i]) {
		case PART_ONE:
			error = write_one(tier, i, place);
			break;
		case PART_LIST:
			error = write_list(tier, i, view, lent);
			break;
		case PART_EVENTS:
			error = write_events(tier, i, place);
			break;
		case PART_AGAIN:
			break;
		}
	}
	if (!error)
		tier->done = tier->info->set_count;
	for (uint32_t i = 1; i < tier->info->set_count && !error; i++)
		error = tier->info->sets[i]->bulk ? write_changes(tier, i)
						  : batch__flush(&tier->batches[i]);
	return error;
}
