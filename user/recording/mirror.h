/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known of the last moment in the file: the same, item by item, for the writer and for all
 * readers. It decides what need not be written.
 */
#ifndef KVMQ_MIRROR_H
#define KVMQ_MIRROR_H

#include "recording/info.h"

/* What a set's items are, in its view. */
enum part {
	PART_ONE,    /* one, without keys */
	PART_LIST,   /* items with keys; of the sets with this list, the first */
	PART_AGAIN,  /* the same list, described by one before */
	PART_EVENTS, /* of that moment alone */
};

struct mirror {
	const struct set *const *sets;
	uint32_t set_count;
	enum part *parts; /* of each set */
	void *view;	  /* as large as the sets need; its lists are the mirror's */
	void *before;	  /* the moment before: of it only the first set's fields */
	void *nothing;	  /* an item of zeros, as large as the largest */
};

/* 0, or after one line -ENOMEM, or -EINVAL: sets that no recording can hold. */
int mirror__init(struct mirror *mirror, const struct recording_info *info, const char *path);
void mirror__free(struct mirror *mirror);

/* The set's list, or its one item, in any view. */
static inline void *mirror_place(const struct set *set, const void *view)
{
	return (char *)view + set->list;
}

/* Copies all described fields of an item to another. */
void mirror__copy_item(const struct set *set, void *item, const void *from);

/* Forgets everything: the next moment is whole. */
void mirror__clear(struct mirror *mirror);

/* The present moment becomes the one before. */
void mirror__turn(struct mirror *mirror);

/* Lets all items age to the present moment. */
void mirror__age(struct mirror *mirror);

/* Copies all that it knows into a view of the same sets: 0 or -ENOMEM. */
int mirror__copy(const struct mirror *mirror, void *view);

#endif
