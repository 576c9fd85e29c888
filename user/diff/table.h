/* SPDX-License-Identifier: GPL-2.0-only */
/* All figures of all runs, by role, and the verdict on them. */
#ifndef KVMQ_DIFF_TABLE_H
#define KVMQ_DIFF_TABLE_H

#include <stdint.h>

#include "diff/compare.h"
#include "model/list.h"

#define FIGURE_ROLE_SIZE 256
#define FIGURE_NAME_SIZE 96
#define FIGURE_UNIT_SIZE 16

enum side {
	SIDE_A,
	SIDE_B,
	SIDES,
};

/* What a figure is. */
struct figure_key {
	const char *role; /* name or pattern of VMs; "": of the run as a whole */
	const char *name; /* key in the JSON of the tool that has it; of one exit, with ":REASON" */
	const char *unit;
	enum direction direction;
};

struct figure {
	char role[FIGURE_ROLE_SIZE];
	char name[FIGURE_NAME_SIZE];
	char unit[FIGURE_UNIT_SIZE];
	struct figure_runs runs;
	struct comparison comparison;
	double p_corrected; /* Holm's, among the primary figures or the others */
	bool is_primary;
};

struct figure_table {
	LIST(struct figure);
	size_t runs[SIDES]; /* of each side; the values of others are not used */
	bool paired;
};

/* A run's value; a figure that is not there yet is added. 0, or -ENOMEM, -E2BIG: too many. */
int figure_table__put(struct figure_table *table, const struct figure_key *key, enum side side,
		      size_t run, double value);

/* Takes all values of a run back. */
void figure_table__drop(struct figure_table *table, enum side side, size_t run);

void figure_table__free(struct figure_table *table);

/* Whether it is the same in all runs that know it. */
bool figure__is_constant(const struct figure *figure);

/* What is asked of a table. */
struct figure_question {
	const char *primary; /* its figure, */
	const char *role;    /* of this role alone; NULL: of each */
	double margin;	     /* a share of A */
};

/*
 * Compares and judges all figures: the primary ones, of which there is one for each role, and the
 * others are corrected for their number apart. Orders them: primary ones first, then by role;
 * within a role by the greatest certainty of a difference. JUDGED_WORSE: a primary figure is
 * worse; JUDGED_NO_WORSE: none is, or could be. Undecided, too, without a primary figure.
 */
enum judgement figure_table__judge(struct figure_table *table,
				   const struct figure_question *question);

#endif
