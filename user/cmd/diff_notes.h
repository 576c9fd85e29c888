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

/* What differs between A and B, and within them; losses, strangers, and what is not recorded. */
int diff_notes__make(struct diff_notes *notes, const struct diff_runs *runs);
void diff_notes__free(struct diff_notes *notes);

#endif
