/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_RECORDING_INTERNAL_H
#define KVMQ_RECORDING_INTERNAL_H

#include "recording/database.h"
#include "recording/mirror.h"
#include "recording/recording.h"

struct recording {
	struct database database;
	struct recording_info info;
	struct mirror mirror;
	sqlite3_stmt **selects; /* one a set; NULL: the file does not have it */
	void *row;		/* an item whose keys alone are read */
	LIST(bool) gone;	/* of a list, while the rows of one set are read */
	struct recording_run run;
	int64_t moment; /* the last that the mirror was */
	bool is_lost;	/* the next one must be whole: no other can be told */
	bool is_ahead;	/* the mirror is the next one already */
	int error;	/* that has ended it */
};

/* The first statement is at a moment's row: turns the mirror into that moment. 0 or -errno. */
int recording__read_moment(struct recording *recording, bool is_whole);

#endif
