/* SPDX-License-Identifier: GPL-2.0-only */
/* A run out of JSON lines, as a tool printed them: what its intervals were together. */
#ifndef KVMQ_DIFF_LINES_H
#define KVMQ_DIFF_LINES_H

#include <stdio.h>

#include "cmd/diff_runs.h"

/*
 * The file, if it is a plain one that begins as JSON; else NULL: whoever opens recordings says what
 * is wrong with it.
 */
FILE *diff_lines__open(const char *path);

/*
 * Reads all of it as one run: its figures go to a place, what else is known of it to run. Events
 * are passed over. Refuses a line that is longer than 16 MiB, more than 256 MiB, and what is not
 * of a schema of intervals that this kvmq knows. 0 or -errno after one line; -E2BIG without one: as
 * figure_table__put().
 */
int diff_lines__read(FILE *file, const struct diff_place *place, struct diff_run *run);

#endif
