/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What has changed of a bulk set's items, as bytes: doc/recording.md says how. An item that is
 * known is named by its place, so that a counter that has grown takes two bytes or three.
 */
#ifndef KVMQ_CHANGES_H
#define KVMQ_CHANGES_H

#include "model/varint.h"
#include "recording/layout.h"

enum change {
	CHANGE_GROWN, /* a known item: how its figures have grown */
	CHANGE_GONE,  /* a known item */
	CHANGE_NEW,   /* its keys, and its figures as growth from 0 */
};

/* A column of the file, in the file's order. */
struct change_field {
	const struct field *field; /* NULL: one that this kvmq does not know */
	bool is_key;
	bool is_text, is_array; /* its length stands before it */
};

struct change_fields {
	LIST(struct change_field);
};

/* How a set stands in a file: 0 or -ENOMEM. list_free() it in any case. */
int change_fields__init(struct change_fields *fields, const struct set *set,
			const struct layout *layout);

/* Bytes on their way into one row. */
struct change_writer {
	struct change_fields fields;
	unsigned char *bytes; /* with room for one more item */
	size_t size;
	uint32_t next; /* the place after the last known item that is named */
};

/* For a set as it stands in a file: 0 or -ENOMEM. change_writer__free() it in any case. */
int change_writer__init(struct change_writer *writer, const struct set *set,
			const struct layout *layout);
void change_writer__free(struct change_writer *writer);

/* Begins with no item. */
void change_writer__clear(struct change_writer *writer);

/*
 * Adds an item. place: of a known one, in the order of the keys, and greater than that of the known
 * one before. was: what is known; an item of zeros if it is new.
 */
void change_writer__add(struct change_writer *writer, enum change change, uint32_t place,
			const void *was, const void *is);

/* Whether there is an item, and whether a row has as many as it should. */
bool change_writer__has_any(const struct change_writer *writer);
bool change_writer__is_full(const struct change_writer *writer);

/* From item to item. */
struct change_reader {
	const struct change_fields *fields;
	struct varint_cursor cursor;
	uint64_t count; /* of the fields, those that the row has */
	uint64_t next;
};

/* 0, or -EBADMSG: such bytes are never written. */
int change_reader__begin(struct change_reader *reader, const struct change_fields *fields,
			 const void *bytes, size_t size);

/* Goes to the next item. 1, 0 (there is none) or -EBADMSG. The place is that of a known item. */
int change_reader__next(struct change_reader *reader, enum change *change, uint64_t *place);

/* Reads that item, unless it has gone, into what was known, or into zeros: 0 or -EBADMSG. */
int change_reader__read(struct change_reader *reader, enum change change, void *item);

#endif
