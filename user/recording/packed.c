// SPDX-License-Identifier: GPL-2.0-only
#include "recording/packed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/growth.h"

/* Smaller ones are copied as they are. */
#define LEAST_ARRAY 128
#define LEAST_TEXT 16

/* Parts that are so close are one: what is between them fills the gap between two members. */
#define GAP 8

static size_t size_of(const struct field *field)
{
	return (size_t)field->count * FIELD_SIZE(field->type);
}

/* Before each item, and before each of its texts and arrays: how many bytes follow. */
typedef uint32_t length;

/* The list that a field belongs to; NULL: it is copied. */
static struct packing_fields *fields_of(struct packing *packing, const struct field *field)
{
	if (field->type == FIELD_TEXT)
		return field->count >= LEAST_TEXT ? &packing->texts : NULL;
	return field__is_array(field) && size_of(field) >= LEAST_ARRAY ? &packing->arrays : NULL;
}

static size_t most_of(const struct field *field)
{
	return sizeof(length) + (field->type == FIELD_TEXT ? field->count : growth__most(field));
}

/* Two sets of a list may have the same key. */
static int add_field(struct packing *packing, struct packing_fields *fields,
		     const struct field *field)
{
	const struct field **added;

	for (size_t i = 0; i < fields->count; i++)
		if (fields->list[i]->offset == field->offset)
			return 0;
	added = list_add(fields);
	if (!added)
		return -ENOMEM;
	*added = field;
	packing->most += most_of(field);
	return 0;
}

static int add_part(struct packing *packing, size_t begin, size_t end)
{
	struct packing_part *part = list_add(&packing->parts);

	if (!part)
		return -ENOMEM;
	*part = (struct packing_part){ begin, end - begin };
	packing->most += end - begin;
	return 0;
}

/* used: for each byte of an item whether it is copied. */
static int add_parts(struct packing *packing, const bool *used)
{
	size_t begin = 0, end = 0; /* of the part so far; none if they are equal */

	for (size_t i = 0; i < packing->item_size; i++) {
		if (!used[i])
			continue;
		if (begin < end && i > end + GAP) {
			if (add_part(packing, begin, end))
				return -ENOMEM;
			begin = i;
		} else if (begin == end) {
			begin = i;
		}
		end = i + 1;
	}
	return begin < end ? add_part(packing, begin, end) : 0;
}

int packing__init(struct packing *packing, const struct set *const *sets, size_t count)
{
	bool *used = calloc(sets[0]->size, sizeof(*used));
	int error;

	*packing = (struct packing){ .item_size = sets[0]->size,
				     .most = sizeof(length),
				     .nothing = calloc(1, sets[0]->size) };
	error = used && packing->nothing ? 0 : -ENOMEM;
	for (size_t i = 0; i < count && !error; i++)
		for (uint32_t j = 0; j < sets[i]->field_count && !error; j++) {
			const struct field *field = &sets[i]->fields[j];
			struct packing_fields *fields = fields_of(packing, field);

			if (fields)
				error = add_field(packing, fields, field);
			else
				memset(used + field->offset, true, size_of(field));
		}
	if (!error)
		error = add_parts(packing, used);
	free(used);
	return error;
}

void packing__free(struct packing *packing)
{
	list_free(&packing->parts);
	list_free(&packing->texts);
	list_free(&packing->arrays);
	free(packing->nothing);
}

static int reserve(struct packed *packed, size_t more)
{
	size_t wanted = packed->size + more;
	unsigned char *bytes;

	if (wanted <= packed->capacity)
		return 0;
	wanted += packed->size / 4;
	bytes = realloc(packed->bytes, wanted);
	if (!bytes)
		return -ENOMEM;
	packed->bytes = bytes;
	packed->capacity = wanted;
	return 0;
}

static unsigned char *put(unsigned char *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

static length get_length(const unsigned char *at)
{
	length size;

	memcpy(&size, at, sizeof(size));
	return size;
}

static unsigned char *put_text(const struct field *field, unsigned char *at, const void *item)
{
	const char *text = (const char *)item + field->offset;
	length size = (length)strnlen(text, field->count);

	return put(put(at, &size, sizeof(size)), text, size);
}

/* All but the arrays. */
static unsigned char *put_parts(const struct packing *packing, unsigned char *at, const void *item)
{
	for (size_t i = 0; i < packing->parts.count; i++) {
		const struct packing_part *part = &packing->parts.list[i];

		at = put(at, (const char *)item + part->offset, part->size);
	}
	for (size_t i = 0; i < packing->texts.count; i++)
		at = put_text(packing->texts.list[i], at, item);
	return at;
}

static unsigned char *put_array(const struct packing *packing, const struct field *field,
				unsigned char *at, const void *item)
{
	length size = (length)growth__write(field, packing->nothing, item, at + sizeof(size));

	memcpy(at, &size, sizeof(size));
	return at + sizeof(size) + size;
}

static void end_item(struct packed *packed, const unsigned char *end)
{
	unsigned char *at = packed->bytes + packed->size;
	length size = (length)((size_t)(end - at) - sizeof(size));

	memcpy(at, &size, sizeof(size));
	packed->size += sizeof(size) + size;
}

int packed__add(struct packed *packed, const struct packing *packing, const void *item)
{
	unsigned char *at;

	if (reserve(packed, packing->most))
		return -ENOMEM;
	at = put_parts(packing, packed->bytes + packed->size + sizeof(length), item);
	for (size_t i = 0; i < packing->arrays.count; i++)
		at = put_array(packing, packing->arrays.list[i], at, item);
	end_item(packed, at);
	return 0;
}

int packed__add_again(struct packed *packed, const struct packing *packing,
		      const struct packed_cursor *cursor, const void *item)
{
	size_t size = (size_t)(cursor->next - cursor->item), parts;
	unsigned char *begin, *at;

	if (reserve(packed, size))
		return -ENOMEM;
	begin = packed->bytes + packed->size;
	at = put_parts(packing, begin + sizeof(length), item);
	parts = (size_t)(at - begin);
	end_item(packed, put(at, cursor->item + parts, size - parts));
	return 0;
}

int packed__add_rest(struct packed *packed, const struct packed_cursor *cursor)
{
	size_t size = (size_t)(cursor->end - cursor->item);

	if (reserve(packed, size))
		return -ENOMEM;
	put(packed->bytes + packed->size, cursor->item, size);
	packed->size += size;
	return 0;
}

int packed__copy(struct packed *packed, const struct packed *from)
{
	size_t wanted = from->size + from->size / 8;
	unsigned char *bytes;

	if (from->size > packed->capacity || wanted < packed->capacity / 2) {
		bytes = realloc(packed->bytes, wanted + 1);
		if (!bytes)
			return -ENOMEM;
		packed->bytes = bytes;
		packed->capacity = wanted;
	}
	packed->size = from->size;
	if (from->size)
		memcpy(packed->bytes, from->bytes, from->size);
	return 0;
}

struct packed_cursor packed__begin(const struct packed *packed)
{
	return (struct packed_cursor){ .next = packed->bytes,
				       .end = packed->size ? packed->bytes + packed->size
							   : packed->bytes };
}

static const unsigned char *get_parts(const struct packing *packing, const unsigned char *at,
				      void *item)
{
	for (size_t i = 0; i < packing->parts.count; i++) {
		const struct packing_part *part = &packing->parts.list[i];

		memcpy((char *)item + part->offset, at, part->size);
		at += part->size;
	}
	for (size_t i = 0; i < packing->texts.count; i++) {
		length size = get_length(at);

		at += sizeof(size);
		memcpy((char *)item + packing->texts.list[i]->offset, at, size);
		at += size;
	}
	return at;
}

static void get_arrays(const struct packing *packing, const unsigned char *at, void *item)
{
	for (size_t i = 0; i < packing->arrays.count; i++) {
		length size = get_length(at);

		at += sizeof(size);
		growth__read(packing->arrays.list[i], item, at, size);
		at += size;
	}
}

bool packed__step(struct packed_cursor *cursor)
{
	if (cursor->next == cursor->end)
		return false;
	cursor->item = cursor->next;
	cursor->next += sizeof(length) + get_length(cursor->item);
	return true;
}

void packed__unpack(const struct packing *packing, const struct packed_cursor *cursor, void *item)
{
	memset(item, 0, packing->item_size);
	get_arrays(packing, get_parts(packing, cursor->item + sizeof(length), item), item);
}

int packed__add_equal(struct packed *packed, const struct packing *packing,
		      const struct packed_cursor *cursor, const void *item)
{
	size_t before = packed->size, size = (size_t)(cursor->next - cursor->item);

	if (packed__add(packed, packing, item))
		return -ENOMEM;
	if (packed->size - before == size && !memcmp(packed->bytes + before, cursor->item, size))
		return 1;
	packed->size = before;
	return 0;
}

void packed__free(struct packed *packed)
{
	free(packed->bytes);
	*packed = (struct packed){ 0 };
}
