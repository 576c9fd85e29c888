/* SPDX-License-Identifier: GPL-2.0-only */
/* How the environments of A and B differ: one clause for each thing that does. */
#ifndef KVMQ_DIFF_ENVIRONMENT_H
#define KVMQ_DIFF_ENVIRONMENT_H

#include "cmd/diff_notes.h"

/* Also what is not known of all runs. 0 or -ENOMEM. */
int diff_environment__note(struct diff_notes *notes, const struct diff_runs *runs);

#endif
