/* SPDX-License-Identifier: GPL-2.0-only */
/* A figure of all lines of a screen in the intervals of late, of which a graph is drawn. */
#ifndef KVMQ_SERIES_H
#define KVMQ_SERIES_H

#include "top/screen.h"

#define SERIES_MOMENTS 60

/* What one line had; text is not kept. */
struct series_value {
	struct line_key key;
	bool known;
	uint64_t number;
};

struct series_moment {
	uint64_t realtime_ns;		  /* of the interval's end */
	LIST(struct series_value) values; /* by key */
};

/* One of zeros is of no screen. */
struct series {
	const struct screen *screen;
	const struct metric *metric;
	unsigned int depth; /* of lines that are open */
	void *data;	    /* of the screen's make() */
	struct rows vms;
	LIST(struct series_moment) moments; /* by time */
};

void series__free(struct series *series);

/* From now on it is of this; what there is of another is forgotten. 0 or -ENOMEM. */
int series__begin(struct series *series, const struct screen *screen, const struct metric *metric,
		  unsigned int depth);

/* Forgets what did not end between two times of day. */
void series__keep(struct series *series, uint64_t first_ns, uint64_t last_ns);

bool series__has(const struct series *series, uint64_t realtime_ns);

/* One more interval, in any order: 0 or -ENOMEM. */
int series__add(struct series *series, const struct view *before, const struct view *after);

/* What a line had in one of moments; not known, too, if there was no such line. */
struct value series__value(const struct series *series, size_t moment, const struct line_key *key);

#endif
