/* SPDX-License-Identifier: GPL-2.0-only */
/* How long the waits of each role were, and who ran meanwhile: the sums of all runs of a side. */
#ifndef KVMQ_DIFF_WAITS_H
#define KVMQ_DIFF_WAITS_H

#include "bpf/hist.h"
#include "diff/table.h"
#include "model/options.h"
#include "why/facts.h"

#define DIFF_WHO_SIZE 160
#define DIFF_OFFENDERS_MAX 256

struct diff_offender {
	char who[DIFF_WHO_SIZE];
	uint64_t ns[SIDES];
};

struct diff_waits {
	char role[FIGURE_ROLE_SIZE];
	uint64_t counts[SIDES][HIST_BUCKETS];
	uint64_t elapsed_ns[SIDES]; /* of all its vCPUs */
	struct diff_offender offenders[DIFF_OFFENDERS_MAX];
	size_t offender_count;
	uint64_t other_ns[SIDES]; /* of those that had no room */
};

struct diff_waits_list {
	LIST(struct diff_waits);
};

/* Adds a run of a side: 0 or -ENOMEM. */
int diff_waits__add(struct diff_waits_list *waits, const struct diff_options *options,
		    enum side side, const struct why_facts *facts);

/* Those of a role, its offenders by their time on both sides, greatest first; NULL: none. */
struct diff_waits *diff_waits__find(const struct diff_waits_list *waits, const char *role);

void diff_waits__free(struct diff_waits_list *waits);

#endif
