// SPDX-License-Identifier: GPL-2.0-only
#include "recording/changes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/growth.h"

#define KIND_BITS 2
#define KINDS (1U << KIND_BITS)

/* So a row fits into one page of the file, unless its last item is a large one. */
#define FULL 3600

int change_fields__init(struct change_fields *fields, const struct set *set,
			const struct layout *layout)
{
	*fields = (struct change_fields){ 0 };
	for (size_t i = 0; i < layout->fields.count; i++) {
		const struct stored_field *stored = &layout->fields.list[i];
		struct change_field *added = list_add(fields);

		if (!added)
			return -ENOMEM;
		added->field = set__field(set, stored->name);
		added->is_key = stored->kind == FIELD_KEY;
		added->is_text = stored->type == FIELD_TEXT;
		added->is_array = !added->is_text && stored->count > 1;
	}
	return 0;
}

static size_t most_of(const struct change_field *of)
{
	if (of->field && of->is_text)
		return VARINT_MOST + of->field->count;
	return VARINT_MOST + (of->field && of->is_array ? growth__most(of->field) : 0);
}

int change_writer__init(struct change_writer *writer, const struct set *set,
			const struct layout *layout)
{
	size_t most = VARINT_MOST; /* of an item */

	*writer = (struct change_writer){ 0 };
	if (change_fields__init(&writer->fields, set, layout))
		return -ENOMEM;
	for (size_t i = 0; i < writer->fields.count; i++)
		most += most_of(&writer->fields.list[i]);
	writer->bytes = malloc(VARINT_MOST + FULL + most);
	return writer->bytes ? 0 : -ENOMEM;
}

void change_writer__free(struct change_writer *writer)
{
	list_free(&writer->fields);
	free(writer->bytes);
	*writer = (struct change_writer){ 0 };
}

void change_writer__clear(struct change_writer *writer)
{
	writer->size = 0;
	writer->next = 0;
}

/* 0: as it was; or its length + 1. */
static unsigned char *put_text(unsigned char *at, const struct field *field, const void *was,
			       const void *is)
{
	const char *text = (const char *)is + field->offset;
	size_t length;

	if (field__equal(field, was, is)) {
		*at = 0;
		return at + 1;
	}
	length = strnlen(text, field->count);
	at = varint__put(at, length + 1);
	memcpy(at, text, length);
	return at + length;
}

static unsigned char *put_array(unsigned char *at, const struct field *field, const void *was,
				const void *is)
{
	unsigned char length[VARINT_MOST];
	size_t size = growth__write(field, was, is, at + VARINT_MOST);
	size_t lead = (size_t)(varint__put(length, size) - length);

	memcpy(at, length, lead);
	memmove(at + lead, at + VARINT_MOST, size);
	return at + lead + size;
}

static unsigned char *put_field(unsigned char *at, const struct change_field *of, const void *was,
				const void *is)
{
	const struct field *field = of->field;

	if (!field) {
		*at = 0;
		return at + 1;
	}
	if (of->is_text)
		return put_text(at, field, was, is);
	if (of->is_array)
		return put_array(at, field, was, is);
	return varint__put(at,
			   growth__of(field, field__get(field, was, 0), field__get(field, is, 0)));
}

void change_writer__add(struct change_writer *writer, enum change change, uint32_t place,
			const void *was, const void *is)
{
	unsigned char *at = writer->bytes + writer->size;

	if (!writer->size)
		at = varint__put(at, writer->fields.count);
	if (change == CHANGE_NEW)
		place = writer->next;
	at = varint__put(at, (uint64_t)(place - writer->next) << KIND_BITS | change);
	if (change != CHANGE_NEW)
		writer->next = place + 1;
	for (size_t i = 0; i < writer->fields.count && change != CHANGE_GONE; i++) {
		const struct change_field *of = &writer->fields.list[i];

		if (change == CHANGE_NEW || !of->is_key)
			at = put_field(at, of, was, is);
	}
	writer->size = (size_t)(at - writer->bytes);
}

bool change_writer__has_any(const struct change_writer *writer)
{
	return writer->size;
}

bool change_writer__is_full(const struct change_writer *writer)
{
	return writer->size >= FULL;
}

int change_reader__begin(struct change_reader *reader, const struct change_fields *fields,
			 const void *bytes, size_t size)
{
	*reader = (struct change_reader){ .fields = fields, .cursor = { bytes, bytes } };
	if (size) /* bytes may be NULL */
		reader->cursor.end += size;
	if (!varint__get(&reader->cursor, &reader->count) || reader->count > fields->count)
		return -EBADMSG;
	return 0;
}

int change_reader__next(struct change_reader *reader, enum change *change, uint64_t *place)
{
	uint64_t head;

	if (reader->cursor.at == reader->cursor.end)
		return 0;
	if (!varint__get(&reader->cursor, &head) || head % KINDS > CHANGE_NEW)
		return -EBADMSG;
	*change = (enum change)(head % KINDS);
	*place = reader->next + (head >> KIND_BITS);
	if (*change != CHANGE_NEW)
		reader->next = *place + 1;
	return 1;
}

static int get_number(struct change_reader *reader, const struct field *field, void *item)
{
	uint64_t grown, value;

	if (!varint__get(&reader->cursor, &grown))
		return -EBADMSG;
	if (!field)
		return 0;
	value = growth__apply(field, field__get(field, item, 0), grown);
	if (!field__allows(field, (int64_t)value))
		return -EBADMSG;
	field__put(field, item, 0, value);
	return 0;
}

static int get_text(const struct field *field, void *item, const unsigned char *text, size_t length)
{
	if (length >= field->count)
		return -EBADMSG;
	field__put_text(field, item, (const char *)text, length);
	return 0;
}

static int get_long(struct change_reader *reader, const struct change_field *of, void *item)
{
	struct varint_cursor *cursor = &reader->cursor;
	const unsigned char *at;
	uint64_t length;

	if (!varint__get(cursor, &length))
		return -EBADMSG;
	if (of->is_text && !length--)
		return 0;
	if (length > (uint64_t)(cursor->end - cursor->at))
		return -EBADMSG;
	at = cursor->at;
	cursor->at += length;
	if (!of->field)
		return 0;
	return of->is_text ? get_text(of->field, item, at, length)
			   : growth__read(of->field, item, at, length);
}

int change_reader__read(struct change_reader *reader, enum change change, void *item)
{
	int error = 0;

	for (size_t i = 0; i < reader->count && change != CHANGE_GONE && !error; i++) {
		const struct change_field *of = &reader->fields->list[i];

		if (of->is_key && change != CHANGE_NEW)
			continue;
		error = of->is_text || of->is_array ? get_long(reader, of, item)
						    : get_number(reader, of->field, item);
	}
	return error;
}
