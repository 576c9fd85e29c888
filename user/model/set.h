/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a view is made of: sets, each a list of items. A table of fields describes the members of an
 * item once. Finding, differences, sums, recordings and the tests' scenes all follow from that
 * table. To add a figure, add a member and its field.
 */
#ifndef KVMQ_SET_H
#define KVMQ_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "model/list.h"

enum field_type {
	FIELD_U64,
	FIELD_U32,
	FIELD_I32,
	FIELD_BOOL,
	FIELD_TEXT, /* of count bytes with its end */
};

enum field_kind {
	FIELD_KEY,     /* tells which item it is; all keys of a set together are unique */
	FIELD_COUNTER, /* grows only; U32: modulo 2^32 */
	FIELD_GAUGE,   /* as it was then; also texts and codes */
	FIELD_MAXIMUM, /* the greatest so far */
};

struct field {
	const char *name; /* of a column: letters, digits, "_" */
	enum field_type type;
	enum field_kind kind;
	uint32_t offset; /* in the item */
	uint32_t count;	 /* of consecutive numbers, or of a text's bytes */
	uint32_t below;	 /* of a code, which indexes tables; an I32 may be -1, too. 0: any number */
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a type in parentheses is none */

/* A field's place and type from its member. An array is one field of several numbers. */
#define FIELD(item, member, of_type, of_kind)                                                      \
	{                                                                                          \
		.name = #member, .type = of_type, .kind = of_kind,                                 \
		.offset = offsetof(item, member), .count = FIELD_COUNT(item, member, of_type)      \
	}

/* The same with another name: for a member of a member. */
#define FIELD_AS(column, item, member, of_type, of_kind)                                           \
	{                                                                                          \
		.name = column, .type = of_type, .kind = of_kind,                                  \
		.offset = offsetof(item, member), .count = FIELD_COUNT(item, member, of_type)      \
	}

/* A code, or the number of something that there are so many of. */
#define FIELD_CODE(column, item, member, of_type, of_kind, limit)                                  \
	{                                                                                          \
		.name = column, .type = of_type, .kind = of_kind,                                  \
		.offset = offsetof(item, member), .count = FIELD_COUNT(item, member, of_type),     \
		.below = limit                                                                     \
	}

/* How many there are of a member; a member of another size does not compile. */
#define FIELD_COUNT(item, member, of_type)                                                         \
	(sizeof(((item *)0)->member) / FIELD_SIZE(of_type) +                                       \
	 0 * sizeof(char[(sizeof(((item *)0)->member) % FIELD_SIZE(of_type)) ? -1 : 1]))
/* NOLINTEND(bugprone-macro-parentheses) */
#define FIELD_SIZE(type)                                                                           \
	((type) == FIELD_U64 ? 8 : (type) == FIELD_BOOL || (type) == FIELD_TEXT ? 1 : 4)

struct set {
	const char *name;	    /* of a table */
	const struct field *fields; /* the keys first */
	uint32_t field_count;
	uint32_t key_count; /* of these; 0: the set has one item, or is of events */
	uint32_t size;	    /* of an item */
	uint32_t list;	    /* offset of its LIST() in the view; of the item itself without keys */
	bool events;	    /* a LIST() of what happened since the view before: no item stays */
	bool bulk;	    /* so many items change that a recording has no row for each */
	/*
	 * What time alone makes of an item from one view to the next; NULL: it stays what it was.
	 * It sees the fields of the item and, of the views, those of the set "moments".
	 */
	void (*age)(void *item, const void *was, const void *is);
};

/* Compares two items of a set by their keys, for a list_compare. */
int set__compare(const struct set *set, const void *left, const void *right);

/* Orders a list by the keys. */
void set__sort(const struct set *set, struct list *list);

/* The item with the same keys in a list ordered by set__sort(), or NULL. */
void *set__find(const struct set *set, const struct list *list, const void *item);

/* The first item with these first keys, and the number of them in *count. */
void *set__find_part(const struct set *set, uint32_t keys, const struct list *list,
		     const void *item, size_t *count);

/*
 * Writes what has changed from before (NULL: from nothing) to after into result, which may be
 * after. Counters become differences, or 0 if one has gone down; everything else is as in after.
 */
void set__subtract(const struct set *set, void *result, const void *before, const void *after);

/* Adds counters, and keeps the greater of two maxima. Keys and gauges of sum stay. */
void set__add(const struct set *set, void *sum, const void *item);

/* Whether two items are equal in all fields. */
bool set__equal(const struct set *set, const void *a, const void *b);

/* The field of that name, or NULL. */
const struct field *set__field(const struct set *set, const char *name);

/*
 * Makes a field the text of so many bytes, as much of it as fits. What is behind its end is 0, so
 * that equal views are equal byte by byte.
 */
void field__put_text(const struct field *field, void *item, const char *text, size_t length);

/* Whether a field has several numbers. */
bool field__is_array(const struct field *field);

/* Whether they are equal in one field. */
bool field__equal(const struct field *field, const void *a, const void *b);

/* Copies one field from another item. */
void field__copy(const struct field *field, void *item, const void *from);

/* Whether a number is one that the field can have. */
bool field__allows(const struct field *field, int64_t value);

/* One of several numbers of a type, sign-extended; texts have none. */
static inline uint64_t number__get(enum field_type type, const void *numbers, uint32_t place)
{
	switch (type) {
	case FIELD_U64:
		return ((const uint64_t *)numbers)[place];
	case FIELD_U32:
		return ((const uint32_t *)numbers)[place];
	case FIELD_I32:
		return (uint64_t)((const int32_t *)numbers)[place];
	case FIELD_BOOL:
		return ((const bool *)numbers)[place];
	case FIELD_TEXT:
		break;
	}
	return 0;
}

static inline void number__put(enum field_type type, void *numbers, uint32_t place, uint64_t value)
{
	switch (type) {
	case FIELD_U64:
		((uint64_t *)numbers)[place] = value;
		break;
	case FIELD_U32:
	case FIELD_I32:
		((uint32_t *)numbers)[place] = (uint32_t)value;
		break;
	case FIELD_BOOL:
		((bool *)numbers)[place] = value;
		break;
	case FIELD_TEXT:
		break;
	}
}

/* One number of a field, as above. */
static inline uint64_t field__get(const struct field *field, const void *item, uint32_t place)
{
	return number__get(field->type, (const char *)item + field->offset, place);
}

static inline void field__put(const struct field *field, void *item, uint32_t place, uint64_t value)
{
	number__put(field->type, (char *)item + field->offset, place, value);
}

#endif
