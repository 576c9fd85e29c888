/* SPDX-License-Identifier: GPL-2.0-only */
/* What to know of runs before their figures are believed: one clause a note. */
#ifndef KVMQ_DIFF_NOTES_H
#define KVMQ_DIFF_NOTES_H

#include "cmd/diff_runs.h"

struct diff_note {
	char text[512];
};

struct diff_notes {
	LIST(struct diff_note);
};

/* Adds one, cut to its size: 0 or -ENOMEM. */
int diff_notes__add(struct diff_notes *notes, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What differs between A and B, and within them; losses, strangers, and what is not recorded. */
int diff_notes__make(struct diff_notes *notes, const struct diff_runs *runs);
/*
 * Whose share of CPU time has changed, of a table that has been judged: who has paid for a gain.
 * 0 or -ENOMEM.
 */
int diff_notes__add_fairness(struct diff_notes *notes, const struct figure_table *table);

void diff_notes__free(struct diff_notes *notes);

#endif
