/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_TOP_RUN_INTERNAL_H
#define KVMQ_TOP_RUN_INTERNAL_H

#include "base/units.h"
#include "top/moments.h"
#include "top/run.h"

struct top_run {
	struct top *top;
	const struct top_input *input;
	struct moments moments;
	size_t place; /* of the moments: what is shown; 0: the latest views themselves */
	struct history history;
	struct page page;
	/* When measuring: */
	void *source;
	struct view views[2];
	unsigned int latest;	       /* which of the two */
	uint64_t shown;		       /* intervals */
	unsigned int parts;	       /* of views that the source looks at, */
	size_t parts_begin;	       /* from this view on, of all that were read */
	uint64_t seen_ns[SCREENS_MAX]; /* when each screen was last shown; 0: never */
	int timer_fd, signal_fd;
	bool is_changed; /* the page is not what there is to show */
	bool anew;
	bool stop;
};

/* Opens the source and reads the first view: 0, or an exit status after one line. */
int live__open(struct top_run *run);
void live__close(struct top_run *run);

/* An interval is over; the source has something to say. 0 or -errno after one line. */
int live__read(struct top_run *run);
int live__poll(struct top_run *run);

/*
 * Looks at what the screen that is shown needs, and no more at what none has needed for a minute.
 * 0 or -errno.
 */
int live__attend(struct top_run *run);

/*
 * The view that verdicts of the interval at a place, which begins with before, go back to: RULES_NS
 * earlier, if that was kept, and the same was looked at. Its lists stay until the next moment is
 * read.
 */
#define RULES_NS (10 * NSEC_PER_SEC)
const struct view *run__begin(struct top_run *run, size_t place, const struct view *before);

/* Shows the pair of moments at a place; of the last, see struct top_time. 0 or -errno. */
int run__show(struct top_run *run, size_t place);

/* The place of the pair that is shown, among those that are kept or recorded. */
size_t run__place(const struct top_run *run);

/* Reads what the pane that is shown needs of earlier intervals: 0 or -ENOMEM. */
int run__feed(struct top_run *run);

/* Whether the source ends intervals, and no timer does. */
static inline bool run__has_pace(const struct top_run *run)
{
	return run->source && run->input->live->pace;
}

/* Does what keys have asked for. 0 or -errno. */
int run__grant(struct top_run *run);

#endif
