// SPDX-License-Identifier: GPL-2.0-only
#include "wire/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/growth.h"
#include "model/varint.h"
#include "wire/wire_internal.h"

#define FIRST_SIZE 4096U

struct wire_writer {
	const struct set *const *sets;
	size_t set_count;
	void *nothing;	  /* an item of zeros, as large as the largest */
	size_t last_size; /* of a moment: the next one hardly differs */
};

int wire_writer__open(struct wire_writer **result, const struct set *const *sets, size_t set_count)
{
	struct wire_writer *writer = calloc(1, sizeof(*writer));
	size_t largest = 1;

	if (!writer)
		return -ENOMEM;
	for (size_t i = 0; i < set_count; i++)
		largest = sets[i]->size > largest ? sets[i]->size : largest;
	*writer = (struct wire_writer){ .sets = sets,
					.set_count = set_count,
					.nothing = calloc(1, largest),
					.last_size = FIRST_SIZE };
	if (!writer->nothing) {
		free(writer);
		return -ENOMEM;
	}
	*result = writer;
	return 0;
}

void wire_writer__close(struct wire_writer *writer)
{
	if (!writer)
		return;
	free(writer->nothing);
	free(writer);
}

/* Where so many bytes more have room, or NULL. */
static unsigned char *room(struct wire_frame *frame, size_t size)
{
	size_t wanted = frame->size + size;
	unsigned char *bytes;

	if (wanted > frame->capacity) {
		size_t capacity = frame->capacity * 2 > wanted ? frame->capacity * 2 : wanted;

		bytes = realloc(frame->bytes, capacity);
		if (!bytes)
			return NULL;
		frame->bytes = bytes;
		frame->capacity = capacity;
	}
	return frame->bytes + frame->size;
}

/* With room for its head. */
static struct wire_frame *new_frame(size_t capacity)
{
	struct wire_frame *frame = calloc(1, sizeof(*frame));

	if (!frame)
		return NULL;
	frame->references = 1;
	if (!room(frame, capacity)) {
		free(frame);
		return NULL;
	}
	frame->size = WIRE_HEAD;
	return frame;
}

/* Writes the head, or gives it up. */
static int end_frame(struct wire_frame **result, struct wire_frame *frame, enum wire_kind kind,
		     int error)
{
	size_t most = kind == WIRE_TABLES ? WIRE_TABLES_MAX : WIRE_MOMENT_MAX;

	if (!error && frame->size - WIRE_HEAD > most)
		error = -E2BIG;
	if (error) {
		wire_frame__release(frame);
		return error;
	}
	wire__put_word(frame->bytes, (uint32_t)(frame->size - WIRE_HEAD));
	wire__put_word(frame->bytes + 4, kind);
	*result = frame;
	return 0;
}

static unsigned char *put_text(unsigned char *at, const char *text, size_t most)
{
	size_t length = strnlen(text, most);

	at = varint__put(at, length);
	memcpy(at, text, length);
	return at + length;
}

/* Its length comes first, and is not known before. */
static unsigned char *put_array(unsigned char *at, const struct field *field, const void *nothing,
				const void *item)
{
	unsigned char *growth = at + VARINT_MOST;
	size_t size = growth__write(field, nothing, item, growth);

	at = varint__put(at, size);
	memmove(at, growth, size);
	return at + size;
}

static unsigned char *put_number(unsigned char *at, const struct field *field, const void *item)
{
	uint64_t number = field__get(field, item, 0);

	return varint__put(at, field->type == FIELD_I32 ? varint_fold(number) : number);
}

/* The most bytes of a row. */
static size_t row_most(const struct set *set)
{
	size_t most = 0;

	for (uint32_t i = 0; i < set->field_count; i++) {
		const struct field *field = &set->fields[i];

		most += VARINT_MOST;
		if (field->type == FIELD_TEXT)
			most += field->count;
		else if (field__is_array(field))
			most += growth__most(field);
	}
	return most;
}

static int put_row(const struct wire_writer *writer, struct wire_frame *frame,
		   const struct set *set, size_t most, const void *item)
{
	unsigned char *at = room(frame, most);

	if (!at)
		return -ENOMEM;
	for (uint32_t i = 0; i < set->field_count; i++) {
		const struct field *field = &set->fields[i];

		if (field->type == FIELD_TEXT)
			at = put_text(at, (const char *)item + field->offset, field->count - 1);
		else if (field__is_array(field))
			at = put_array(at, field, writer->nothing, item);
		else
			at = put_number(at, field, item);
	}
	frame->size = (size_t)(at - frame->bytes);
	return frame->size > WIRE_MOMENT_MAX ? -E2BIG : 0;
}

static int put_set(const struct wire_writer *writer, struct wire_frame *frame,
		   const struct set *set, const void *view)
{
	const char *place = (const char *)view + set->list;
	const struct list one = { .items = (void *)place, .count = 1 };
	const struct list *list = set->key_count || set->events ? (const struct list *)place : &one;
	unsigned char *at = room(frame, VARINT_MOST + 4);
	size_t most = row_most(set), begin;
	int error = 0;

	if (!at)
		return -ENOMEM;
	begin = (size_t)(varint__put(at, list->count) + 4 - frame->bytes);
	frame->size = begin;
	for (size_t i = 0; i < list->count && !error; i++)
		error = put_row(writer, frame, set, most,
				(const char *)list->items + i * set->size);
	wire__put_word(frame->bytes + begin - 4, (uint32_t)(frame->size - begin));
	return error;
}

int wire_writer__moment(struct wire_writer *writer, const void *view, struct wire_frame **result)
{
	struct wire_frame *frame = new_frame(writer->last_size);
	int error = 0;

	if (!frame)
		return -ENOMEM;
	for (size_t i = 0; i < writer->set_count && !error; i++)
		error = put_set(writer, frame, writer->sets[i], view);
	if (!error)
		writer->last_size = frame->size + frame->size / 8 + FIRST_SIZE;
	return end_frame(result, frame, WIRE_MOMENT, error);
}

static unsigned char *put_field(unsigned char *at, const struct field *field)
{
	at = put_text(at, field->name, WIRE_NAME_SIZE - 1);
	at = varint__put(at, field->type);
	at = varint__put(at, field->kind);
	return varint__put(at, field->count);
}

static int put_table(struct wire_frame *frame, const struct set *set)
{
	unsigned char *at =
		room(frame, (set->field_count + 1) * (WIRE_NAME_SIZE + 4 * VARINT_MOST));

	if (!at)
		return -ENOMEM;
	at = put_text(at, set->name, WIRE_NAME_SIZE - 1);
	at = varint__put(at, set->events);
	at = varint__put(at, set->key_count);
	at = varint__put(at, set->field_count);
	for (uint32_t i = 0; i < set->field_count; i++)
		at = put_field(at, &set->fields[i]);
	frame->size = (size_t)(at - frame->bytes);
	return 0;
}

int wire_writer__tables(const struct wire_writer *writer, const struct wire_about *about,
			struct wire_frame **result)
{
	struct wire_frame *frame = new_frame(FIRST_SIZE);
	unsigned char *at = frame ? room(frame, sizeof(*about) + 5 * VARINT_MOST) : NULL;
	int error = 0;

	if (!at) {
		wire_frame__release(frame);
		return -ENOMEM;
	}
	at = put_text(at, about->version, sizeof(about->version) - 1);
	at = put_text(at, about->boot_id, sizeof(about->boot_id) - 1);
	at = put_text(at, about->host, sizeof(about->host) - 1);
	at = varint__put(at, about->interval_ns);
	at = varint__put(at, writer->set_count);
	frame->size = (size_t)(at - frame->bytes);
	for (size_t i = 0; i < writer->set_count && !error; i++)
		error = put_table(frame, writer->sets[i]);
	return end_frame(result, frame, WIRE_TABLES, error);
}
