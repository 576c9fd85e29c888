/* SPDX-License-Identifier: GPL-2.0-only */
/* Moments that can be gone back to: those that the history has kept, or those of a recording. */
#ifndef KVMQ_MOMENTS_H
#define KVMQ_MOMENTS_H

#include "model/view.h"
#include "source/recorded.h"
#include "top/history.h"

/* Each goes its own way through the moments, step by step. */
enum moment_reader {
	READ_SHOWN,
	READ_BEGIN, /* of what verdicts are of: moments__peek() */
	READ_SERIES,
	MOMENT_READERS,
};

struct read_pair {
	struct view views[2]; /* the pair that was read last */
	size_t place;	      /* of its later one; 0: none */
	size_t dropped;	      /* by the history, when that was read */
};

/* Of zeros but for the history or the recordings, which are the same one, opened for each. */
struct moments {
	struct history *history;
	struct recording *recordings[MOMENT_READERS];
	const struct options *options;	   /* which VMs of a recording are chosen */
	uint64_t since_ns, until_ns;	   /* of a recording */
	LIST(struct recorded_moment) list; /* the same */
	struct read_pair pairs[MOMENT_READERS];
	struct view lent; /* by the history */
};

/* Closes the recordings, too. */
void moments__free(struct moments *moments);

/* Looks for moments that a recording has got meanwhile: 0 or -errno after one line. */
int moments__look(struct moments *moments);

size_t moments__count(const struct moments *moments);
uint64_t moments__time(const struct moments *moments, size_t place);

/* Whether the moment at a place follows the one before it, without a gap between two runs. */
bool moments__is_pair(const struct moments *moments, size_t place);

/*
 * The place of the later one of a pair, so many steps from a place, at most the first or last one.
 * 0: there is no pair at all.
 */
size_t moments__step(const struct moments *moments, size_t place, long steps);

/* The same for the last pair that ends at or before a time of day, or the first. */
size_t moments__find(const struct moments *moments, uint64_t realtime_ns);

/* The views of a pair; valid until the reader's next call. 0 or -errno. */
int moments__read(struct moments *moments, enum moment_reader reader, size_t place,
		  const struct view **before, const struct view **after);

/* The earlier view of a pair alone; its lists are valid until the next call of any. 0 or -errno. */
int moments__peek(struct moments *moments, size_t place, const struct view **before);

#endif
