/* SPDX-License-Identifier: GPL-2.0-only */
/* The figures of one run, by role, out of the metric tables of all tools. */
#ifndef KVMQ_DIFF_FIGURES_H
#define KVMQ_DIFF_FIGURES_H

#include "diff/table.h"
#include "model/options.h"
#include "why/facts.h"

/* Of the time on CPUs of all VMs that were recorded, how much a role had, in %. */
#define DIFF_USE_SHARE "use_share_pct"

/* Whose run it is, and where its figures go. */
struct diff_place {
	struct figure_table *table;
	const struct diff_options *options;
	enum side side;
	size_t run;
	unsigned int lost; /* in that run: bits of enum diff_lost */
};

/*
 * Puts all figures of a run: 0 or -errno. What a loss of this run touches is n/a. Of several VMs
 * in a role, a figure is their mean, and a percentile that of all their waits together.
 */
int diff_figures__put(const struct diff_place *place, const struct why_facts *facts);

/* After all runs: exits of a reason that a run has not had are 0 a second there, not n/a. */
void diff_figures__fill(struct figure_table *table);

/* The role of a VM: the first pattern that its name matches, or the name; NULL: it has none. */
const char *diff_figures__role(const struct diff_options *options, const char *name);

#endif
