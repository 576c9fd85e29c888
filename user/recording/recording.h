/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads moments from a file, one after the other, even while it is being written. Of a recording
 * with several tiers, the finest moments that there are for each time, as one series.
 */
#ifndef KVMQ_RECORDING_H
#define KVMQ_RECORDING_H

#include "model/vm.h"
#include "recording/info.h"

struct recording;

/* What was recorded without a break: from a tool's start to its end. */
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
 * Opens it. Refuses a file that is no recording, was made by a newer kvmq, or was made by another
 * tool and lacks these sets. A set or field that its version lacked reads as empty, or 0.
 * recording__close() it. -errno after one line.
 */
int recording__open(struct recording **result, const char *path, const struct recording_info *info);

/*
 * Reads the next moment: 1, and view is that moment. What the sets describe is overwritten; the
 * lists are ordered by their keys, and their memory is the caller's. Between moments of two runs
 * there is a gap: see recording__run(). 0: there is no further moment yet. -errno after one line.
 */
int recording__next(struct recording *recording, void *view);

/*
 * Makes the moment before the first that is later than a time of day the next one, or the first of
 * all: 0 or -errno.
 */
int recording__seek(struct recording *recording, uint64_t realtime_ns);

/*
 * From the next one on, gives only moments later than since_ns (0: all) and up to until_ns, by the
 * time of day, and the one before each stretch of them: if the clock was set back, there are
 * several. 0 or -errno.
 */
int recording__between(struct recording *recording, uint64_t since_ns, uint64_t until_ns);

/* A moment in the file. */
struct recorded_moment {
	int64_t id, run;
	uint64_t realtime_ns;
};

/*
 * Adds the moments between two times of day to a list, which was empty at first, from the last one
 * in the list on. Of a long recording, it adds the latest RECORDING_MOMENTS. 0 or -errno after one
 * line.
 */
#define RECORDING_MOMENTS 100000
int recording__moments(struct recording *recording, uint64_t since_ns, uint64_t until_ns,
		       struct list *moments);

/* Makes this moment, or the last one before it, the next one: 0 or -errno. */
int recording__go(struct recording *recording, int64_t moment);

/*
 * Visits all items of a set without arrays that is not bulk, of all moments, in no order; an item
 * may come several times. item is valid during the call. 0 or -errno after one line.
 */
int recording__each(struct recording *recording, const struct set *set,
		    void (*visit)(void *context, const void *item), void *context);

/* An incident that the daemon has kept: some moments before it, and what they mean. */
struct recorded_incident {
	int64_t id;	     /* from 1 on */
	int64_t first, last; /* moments */
	uint64_t since_ns, until_ns;
	char vm[VM_SHOWN_SIZE], rule[32], verdict[512]; /* text by strangers */
};

/* Adds all incidents to a list, the oldest one first: 0 or -errno after one line. */
int recording__incidents(struct recording *recording, struct list *incidents);

/*
 * From the next one on, gives only the moments of an incident. 0, or after one line -ENODATA
 * (there is none such) or another -errno.
 */
int recording__choose(struct recording *recording, int64_t incident);

/*
 * The run of the last moment that was read. It belongs to the recording, and changes with the next
 * one.
 */
const struct recording_run *recording__run(const struct recording *recording);

/* Accepts NULL. */
void recording__close(struct recording *recording);

#endif
