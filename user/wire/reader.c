// SPDX-License-Identifier: GPL-2.0-only
/* What a server has: its tables, beside the sets that are known here. */
#include "wire/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/reader_internal.h"

int wire_reader__open(struct wire_reader **result, const struct set *const *sets, size_t set_count)
{
	struct wire_reader *reader = calloc(1, sizeof(*reader));
	size_t largest = 1;

	if (!reader)
		return -ENOMEM;
	for (size_t i = 0; i < set_count; i++)
		largest = sets[i]->size > largest ? sets[i]->size : largest;
	reader->sets = sets;
	reader->set_count = set_count;
	reader->row = malloc(largest);
	if (!reader->row) {
		free(reader);
		return -ENOMEM;
	}
	*result = reader;
	return 0;
}

void wire_reader__close(struct wire_reader *reader)
{
	if (!reader)
		return;
	for (size_t i = 0; i < reader->tables.count; i++)
		list_free(&reader->tables.list[i].fields);
	list_free(&reader->tables);
	free(reader->row);
	free(reader);
}

const struct wire_about *wire_reader__about(const struct wire_reader *reader)
{
	return &reader->about;
}

const char *wire_reader__fault(const struct wire_reader *reader)
{
	return reader->fault;
}

bool wire_reader__has(const struct wire_reader *reader, const struct set *set)
{
	for (size_t i = 0; i < reader->tables.count; i++)
		if (reader->tables.list[i].set &&
		    !strcmp(reader->tables.list[i].set->name, set->name))
			return true;
	return false;
}

int wire_reader__fail(struct wire_reader *reader, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reader->fault, sizeof(reader->fault), format, args);
	va_end(args);
	return error;
}

static int no_tables(struct wire_reader *reader)
{
	return wire_reader__fail(reader, -EBADMSG, "does not say which figures it has");
}

static int no_memory(struct wire_reader *reader)
{
	return wire_reader__fail(reader, -ENOMEM, "has more figures than there is memory for");
}

/* A text that has room with an end. */
static bool read_text(struct varint_cursor *cursor, char *text, size_t size)
{
	uint64_t length;

	if (!varint__get(cursor, &length) || length >= size || length > wire_left(cursor) ||
	    memchr(cursor->at, '\0', length))
		return false;
	memcpy(text, cursor->at, length);
	text[length] = '\0';
	cursor->at += length;
	return true;
}

static bool read_number(struct varint_cursor *cursor, uint64_t least, uint64_t most,
			uint64_t *number)
{
	return varint__get(cursor, number) && *number >= least && *number <= most;
}

static const struct set *find_set(const struct wire_reader *reader, const char *name)
{
	for (size_t i = 0; i < reader->set_count; i++)
		if (!strcmp(reader->sets[i]->name, name))
			return reader->sets[i];
	return NULL;
}

static bool is_taken(const struct wire_table *table, const struct field *field)
{
	for (size_t i = 0; i < table->fields.count; i++)
		if (table->fields.list[i].field == field)
			return true;
	return false;
}

/* An array may be shorter there: missing places count as 0. */
static bool fits(const struct field *field, uint64_t type, uint64_t kind, uint64_t count)
{
	return field->type == type && field->kind == kind && (field->count > 1) == (count > 1) &&
	       field->count >= count;
}

static int read_field(struct wire_reader *reader, struct wire_table *table,
		      struct varint_cursor *cursor, bool is_key)
{
	char name[WIRE_NAME_SIZE];
	uint64_t type, kind, count;
	const struct field *field;
	struct wire_field *theirs;

	if (!read_text(cursor, name, sizeof(name)) || !read_number(cursor, 0, FIELD_TEXT, &type) ||
	    !read_number(cursor, 0, FIELD_MAXIMUM, &kind) ||
	    !read_number(cursor, 1, WIRE_COUNT_MAX, &count) || (kind == FIELD_KEY) != is_key)
		return no_tables(reader);
	field = table->set ? set__field(table->set, name) : NULL;
	if (field && is_taken(table, field))
		return no_tables(reader);
	if (field && !fits(field, type, kind, count))
		return wire_reader__fail(reader, -EPROTO, "has other figures as %s of %s", name,
					 table->set->name);
	theirs = list_add(&table->fields);
	if (!theirs)
		return no_memory(reader);
	*theirs = (struct wire_field){ (enum field_type)type, (uint32_t)count, field };
	return 0;
}

/* All keys, and no others: they tell which item a row is of. */
static bool has_keys(const struct wire_table *table, uint64_t keys)
{
	if (table->set->key_count != keys)
		return false;
	for (uint64_t i = 0; i < keys; i++)
		if (!table->fields.list[i].field)
			return false;
	return true;
}

static int read_table(struct wire_reader *reader, struct varint_cursor *cursor)
{
	char name[WIRE_NAME_SIZE];
	uint64_t events, keys, count;
	const struct set *set;
	struct wire_table *table;
	int error = 0;

	if (!read_text(cursor, name, sizeof(name)) || !read_number(cursor, 0, 1, &events) ||
	    !read_number(cursor, 0, WIRE_FIELDS_MAX, &keys) ||
	    !read_number(cursor, 1, WIRE_FIELDS_MAX, &count) || keys > count)
		return no_tables(reader);
	set = find_set(reader, name);
	if (set && wire_reader__has(reader, set))
		return no_tables(reader);
	table = list_add(&reader->tables);
	if (!table)
		return no_memory(reader);
	table->set = set;
	for (uint64_t i = 0; i < count && !error; i++)
		error = read_field(reader, table, cursor, i < keys);
	if (!error && set && (set->events != events || !has_keys(table, keys)))
		error = wire_reader__fail(reader, -EPROTO, "has other keys of %s", set->name);
	return error;
}

static bool read_about(struct wire_about *about, struct varint_cursor *cursor)
{
	return read_text(cursor, about->version, sizeof(about->version)) &&
	       read_text(cursor, about->boot_id, sizeof(about->boot_id)) &&
	       read_text(cursor, about->host, sizeof(about->host)) &&
	       varint__get(cursor, &about->interval_ns);
}

int wire_reader__tables(struct wire_reader *reader, const unsigned char *bytes, size_t size)
{
	struct varint_cursor cursor = { bytes, bytes + size };
	uint64_t count;
	int error = 0;

	if (reader->tables.count || !read_about(&reader->about, &cursor) ||
	    !read_number(&cursor, 1, WIRE_SETS_MAX, &count))
		return no_tables(reader);
	for (uint64_t i = 0; i < count && !error; i++)
		error = read_table(reader, &cursor);
	if (!error && (wire_left(&cursor) || !wire_reader__has(reader, reader->sets[0])))
		error = no_tables(reader);
	return error;
}
