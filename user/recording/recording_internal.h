/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_RECORDING_INTERNAL_H
#define KVMQ_RECORDING_INTERNAL_H

#include "recording/changes.h"
#include "recording/database.h"
#include "recording/layout.h"
#include "recording/mirror.h"
#include "recording/recording.h"

/* Reads one tier, whose moments follow from one another alone. */
struct tier_reader {
	uint32_t number;
	struct mirror mirror;
	sqlite3_stmt **selects;	       /* one a set; NULL: the file does not have it */
	struct change_fields *changes; /* one a set: of bulk ones */
	int64_t moment, run;	       /* the last that the mirror was; 0: none */
};

/*
 * All tiers together are one series: the moments that any of them has, by their numbers. Where a
 * finer one begins, a coarser one has nothing to add. An incident is a series of its own.
 */
struct recording {
	struct database database;
	struct recording_info info;
	struct tier_reader tiers[LAYOUT_TIERS];
	const struct tier_reader *at;  /* whose mirror the present moment is */
	int64_t moment;		       /* the present one, of all */
	uint32_t first_tier, tier_end; /* those that it is of */
	int64_t before, last;	       /* after this one, and up to that one */
	uint64_t since_ns, until_ns;   /* recording__between() */
	const struct field *realtime;  /* of a moment */
	void *row;		       /* an item whose keys alone are read */
	LIST(bool) gone;	       /* of a list, while the rows of one set are read */
	struct recording_run run;
	bool is_ahead; /* the present moment is the next one to be given */
	int error;     /* that has ended it */
};

/* Whether the file has the tier. */
static inline bool tier__is_there(const struct tier_reader *tier)
{
	return tier->selects && tier->selects[0];
}

/* The next tier of the series from a number on; NULL: there is none. */
static inline struct tier_reader *recording_tier(struct recording *recording, uint32_t number)
{
	for (; number < recording->tier_end; number++)
		if (tier__is_there(&recording->tiers[number]))
			return &recording->tiers[number];
	return NULL;
}

/* The first statement is at a moment's row: turns the mirror into that moment. 0 or -errno. */
int recording__read_moment(struct recording *recording, struct tier_reader *tier, bool is_whole);

/*
 * In a transaction: the first moment after the last one, whichever tier has it. 1, 0 (there is
 * none) or -errno after one line.
 */
int recording__find_next(struct recording *recording, struct tier_reader **tier, int64_t *moment);

/* In a transaction: the last moment up to this one that can be told. The same. */
int recording__find_last(struct recording *recording, int64_t up_to, struct tier_reader **tier,
			 int64_t *moment);

/*
 * The first moment that is later than a time of day; the first one after the last that is between
 * the times that are wanted. 0: there is none. 0 or -errno after one line.
 */
int recording__find_later(struct recording *recording, uint64_t realtime_ns, int64_t *moment);
int recording__find_between(struct recording *recording, int64_t *moment);

/* In a transaction: makes a tier's mirror this moment, which was found. 0 or -errno. */
int recording__read_up_to(struct recording *recording, struct tier_reader *tier, int64_t moment);

/* A column that is a text, or "". */
void recording__copy_text(char *to, size_t size, sqlite3_stmt *row, int column);

/* Ends the transaction, and all statements. */
void recording__end(struct recording *recording);

#endif
