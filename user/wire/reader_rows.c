// SPDX-License-Identifier: GPL-2.0-only
/* From a moment's bytes to its items. */
#include <errno.h>
#include <string.h>

#include "model/growth.h"
#include "wire/reader_internal.h"

static int no_moment(struct wire_reader *reader, const struct wire_table *table, const char *why)
{
	return wire_reader__fail(reader, -EBADMSG, "sends no view: %s: %s",
				 table->set ? table->set->name : "a set", why);
}

/* The part of the bytes that a length is said of. */
static bool take(struct varint_cursor *cursor, uint64_t size, struct varint_cursor *part)
{
	if (size > wire_left(cursor))
		return false;
	*part = (struct varint_cursor){ cursor->at, cursor->at + size };
	cursor->at += size;
	return true;
}

/* False: a number that the type does not have. */
static bool read_number(enum field_type type, uint64_t sent, uint64_t *number)
{
	int64_t value = (int64_t)varint_unfold(sent);

	*number = type == FIELD_I32 ? (uint64_t)value : sent;
	switch (type) {
	case FIELD_U64:
		return true;
	case FIELD_U32:
		return sent <= UINT32_MAX;
	case FIELD_I32:
		return value >= INT32_MIN && value <= INT32_MAX;
	case FIELD_BOOL:
		return sent <= 1;
	case FIELD_TEXT:
		break;
	}
	return false;
}

static bool put_array(const struct field *field, void *item, const struct varint_cursor *growth)
{
	memset((char *)item + field->offset, 0, (size_t)field->count * FIELD_SIZE(field->type));
	if (growth__read(field, item, growth->at, wire_left(growth)))
		return false;
	for (uint32_t i = 0; field->below && i < field->count; i++)
		if (!field__allows(field, (int64_t)field__get(field, item, i)))
			return false;
	return true;
}

static bool put_number(const struct field *field, void *item, uint64_t sent)
{
	uint64_t number;

	if (!read_number(field->type, sent, &number) || !field__allows(field, (int64_t)number))
		return false;
	field__put(field, item, 0, number);
	return true;
}

/* A field's length or number comes first. */
static bool read_field(const struct wire_field *theirs, struct varint_cursor *cursor, void *item)
{
	bool is_text = theirs->type == FIELD_TEXT, is_array = !is_text && theirs->count > 1;
	struct varint_cursor part;
	uint64_t sent;

	if (!varint__get(cursor, &sent))
		return false;
	if ((is_text && sent >= theirs->count) ||
	    ((is_text || is_array) && !take(cursor, sent, &part)))
		return false;
	if (!theirs->field)
		return true;
	if (is_array)
		return put_array(theirs->field, item, &part);
	if (!is_text)
		return put_number(theirs->field, item, sent);
	field__put_text(theirs->field, item, (const char *)part.at, wire_left(&part));
	return true;
}

static int read_row(struct wire_reader *reader, const struct wire_table *table,
		    struct varint_cursor *cursor, void *item)
{
	for (size_t i = 0; i < table->fields.count; i++)
		if (!read_field(&table->fields.list[i], cursor, item))
			return no_moment(reader, table, "a field has what it cannot have");
	return 0;
}

static void *item_at(const struct set *set, const struct list *list, size_t place)
{
	return (char *)list->items + place * set->size;
}

/* One more item of zeros: 0 or -errno. */
static int add_item(struct wire_reader *reader, const struct set *set, struct list *list,
		    void **item)
{
	if (set->size > reader->budget)
		return wire_reader__fail(reader, -E2BIG, "sends more than %llu MiB of %s",
					 WIRE_VIEW_MAX >> 20, set->name);
	reader->budget -= set->size;
	*item = list__add(list, set->size);
	return *item ? 0
		     : wire_reader__fail(reader, -ENOMEM, "sends more %s than there is memory for",
					 set->name);
}

static void copy_fields(const struct set *set, void *item, const void *from)
{
	for (uint32_t i = 0; i < set->field_count; i++)
		field__copy(&set->fields[i], item, from);
}

/*
 * A row of a list that another set has described before: it mostly belongs to the item in the same
 * place. known: so many items are in order.
 */
static int merge_row(struct wire_reader *reader, const struct set *set, struct list *list,
		     size_t known, size_t place)
{
	const struct list ordered = { .items = list->items, .count = known };
	void *item = NULL;
	int error = 0;

	if (place < known && !set__compare(set, item_at(set, list, place), reader->row))
		item = item_at(set, list, place);
	else if (known)
		item = set__find(set, &ordered, reader->row);
	if (!item)
		error = add_item(reader, set, list, &item);
	if (!error)
		copy_fields(set, item, reader->row);
	return error;
}

/* By the keys, of which no two items have the same. */
static bool order(const struct set *set, struct list *list)
{
	bool sorted = false;

	for (size_t i = 1; i < list->count; i++) {
		int way = set__compare(set, item_at(set, list, i - 1), item_at(set, list, i));

		if (way < 0)
			continue;
		if (!way || sorted)
			return false;
		set__sort(set, list);
		sorted = true;
		i = 0;
	}
	return true;
}

static int read_list(struct wire_reader *reader, const struct wire_table *table,
		     struct varint_cursor *cursor, uint64_t rows, struct list *list)
{
	const struct set *set = table->set;
	size_t known = list->count;
	int error = 0;

	for (uint64_t i = 0; i < rows && !error; i++) {
		void *item = reader->row;

		if (known)
			memset(item, 0, set->size);
		else
			error = add_item(reader, set, list, &item);
		if (!error)
			error = read_row(reader, table, cursor, item);
		if (!error && known)
			error = merge_row(reader, set, list, known, i);
	}
	if (!error && set->key_count && !order(set, list))
		error = no_moment(reader, table, "two have the same keys");
	return error;
}

static int read_set(struct wire_reader *reader, const struct wire_table *table,
		    struct varint_cursor *cursor, void *view)
{
	const struct set *set = table->set;
	struct varint_cursor part;
	uint64_t rows;
	int error;

	if (!varint__get(cursor, &rows) || wire_left(cursor) < 4)
		return no_moment(reader, table, "it ends too early");
	cursor->at += 4;
	if (!take(cursor, wire__get_word(cursor->at - 4), &part))
		return no_moment(reader, table, "it ends too early");
	if (!set)
		return 0;
	if (wire_is_list(set))
		error = read_list(reader, table, &part, rows,
				  (struct list *)((char *)view + set->list));
	else if (rows != 1)
		return no_moment(reader, table, "it is not there once");
	else
		error = read_row(reader, table, &part, (char *)view + set->list);
	if (!error && wire_left(&part))
		error = no_moment(reader, table, "it is longer than its rows");
	return error;
}

/* What the server lacks stays so. */
static void clear(const struct wire_reader *reader, void *view)
{
	for (size_t i = 0; i < reader->set_count; i++) {
		const struct set *set = reader->sets[i];
		char *place = (char *)view + set->list;

		if (wire_is_list(set)) {
			((struct list *)place)->count = 0;
			continue;
		}
		for (uint32_t j = 0; j < set->field_count; j++)
			memset(place + set->fields[j].offset, 0,
			       (size_t)set->fields[j].count * FIELD_SIZE(set->fields[j].type));
	}
}

int wire_reader__moment(struct wire_reader *reader, const unsigned char *bytes, size_t size,
			void *view)
{
	struct varint_cursor cursor = { bytes, bytes + size };
	int error = 0;

	clear(reader, view);
	reader->budget = WIRE_VIEW_MAX;
	for (size_t i = 0; i < reader->tables.count && !error; i++)
		error = read_set(reader, &reader->tables.list[i], &cursor, view);
	if (!error && wire_left(&cursor))
		error = wire_reader__fail(reader, -EBADMSG, "sends no view: more than its sets");
	return error;
}
