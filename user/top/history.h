/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The latest views, to step back in time: bounded in time and in bytes. What is kept of a view is
 * how its memory differs from that of the one before, which is what its counters have grown by.
 */
#ifndef KVMQ_HISTORY_H
#define KVMQ_HISTORY_H

#include <stdint.h>

#include "model/set.h"

#define HISTORY_LISTS 48

struct kept_view {
	uint64_t realtime_ns;
	unsigned char *bytes;
	size_t size;
	bool is_whole; /* it differs from nothing but zeros */
};

/* A view's own memory and that of its lists, one after the other. */
struct view_image {
	unsigned char *bytes;
	size_t size, capacity;
	size_t counts[HISTORY_LISTS]; /* of items in each list */
};

struct history {
	const struct set *const *sets;
	size_t view_size;
	size_t limit_bytes; /* of what is kept; the last two views stay in any case */
	uint64_t limit_ns;
	LIST(struct kept_view) views; /* the oldest first, which is whole */
	size_t bytes;
	size_t dropped; /* so many were there before the first */
	size_t since_whole;
	struct view_image current; /* the one that was read last */
	size_t place;		   /* of current; SIZE_MAX: none */
	struct view_image packed;
};

/* sets describe all lists of a view, end with NULL, and stay; views hold no pointers but these. */
void history__init(struct history *history, const struct set *const *sets, size_t view_size,
		   size_t limit_bytes, uint64_t limit_ns);
void history__free(struct history *history);

/*
 * Keeps one more, and drops what is too old or too much: 0 or -ENOMEM, and then it is not kept.
 * before: the view that was added last, as it was then; NULL: it is no longer there.
 */
int history__add(struct history *history, const void *before, const void *view,
		 uint64_t realtime_ns);

/* A copy of the one at a place, 0 the oldest, into a view of zeros or a copy: 0 or -ENOMEM. */
int history__read(struct history *history, size_t place, void *view);

/* The same, but its lists stay the history's: valid until the next call, and not to be freed. */
int history__lend(struct history *history, size_t place, void *view);

#endif
