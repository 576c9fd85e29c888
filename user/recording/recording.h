/* SPDX-License-Identifier: GPL-2.0-only */
/* Moments out of a file, one after the other, also while it is being written. */
#ifndef KVMQ_RECORDING_H
#define KVMQ_RECORDING_H

#include "recording/info.h"

struct recording;

/* What was recorded without a break: from one start of a tool to its end. */
struct recording_run {
	int64_t id; /* from 1 on; 0: none has been read yet */
	char tool[32];
	char version[32];
	char boot_id[40];
	char host[72];
	uint64_t begin_ns; /* time of day */
	uint64_t interval_ns;
};

/*
 * Opens it, and refuses what is no recording, was made by a newer kvmq, or by another tool without
 * these sets. A set or a field that its version did not have yet reads as empty, or 0.
 * recording__close() it. -errno after one line.
 */
int recording__open(struct recording **result, const char *path, const struct recording_info *info);

/*
 * The next moment: 1, and view is it: what the sets describe is overwritten, its lists ordered by
 * their keys, in memory that stays the caller's. Between moments of two runs there is a gap:
 * see recording__run(). 0: there is no more of it yet. -errno after one line.
 */
int recording__next(struct recording *recording, void *view);

/*
 * The next moment is to be the last one at or before a time of day, or the first of all: 0 or
 * -errno.
 */
int recording__seek(struct recording *recording, uint64_t realtime_ns);

/* A moment in the file. */
struct recorded_moment {
	int64_t id, run;
	uint64_t realtime_ns;
};

/*
 * Adds the moments between two times of day to a list of them that was empty at first, from the
 * last that is in it on; of a long recording the latest RECORDING_MOMENTS: 0 or -errno after one
 * line.
 */
#define RECORDING_MOMENTS 100000
int recording__moments(struct recording *recording, uint64_t since_ns, uint64_t until_ns,
		       struct list *moments);

/* The next moment is to be this one: 0 or -errno. */
int recording__go(struct recording *recording, int64_t moment);

/*
 * All items of a set without arrays that were at any moment, in no order, some of them more often
 * than once: 0 or -errno after one line. item is the caller's for the time of the call.
 */
int recording__each(struct recording *recording, const struct set *set,
		    void (*visit)(void *context, const void *item), void *context);

/* The run of the moment that was read last; stays the recording's, and changes with the next. */
const struct recording_run *recording__run(const struct recording *recording);

/* Accepts NULL. */
void recording__close(struct recording *recording);

#endif
