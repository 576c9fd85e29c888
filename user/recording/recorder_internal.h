/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_RECORDER_INTERNAL_H
#define KVMQ_RECORDER_INTERNAL_H

#include "recording/database.h"
#include "recording/mirror.h"
#include "recording/recorder.h"

struct recorder {
	struct database database;
	struct recording_info info;
	struct mirror mirror;
	sqlite3_stmt **inserts; /* one a set */
	uint32_t *rows;		/* of this moment, a set */
	unsigned char *arrays;	/* all arrays of one row */
	LIST(const void *) order;
	int64_t run, moment; /* the last */
	uint32_t since_whole;
	bool is_whole; /* this moment */
	int error;     /* that has ended it */
};

/* Runs a statement whose parameters are bound. 0 or -errno. */
int recorder__insert(const struct recorder *recorder, sqlite3_stmt *statement);

/* The mirror has aged to this moment: writes what differs in the view. */
int recorder__write_sets(struct recorder *recorder, const void *view);

#endif
