/* SPDX-License-Identifier: GPL-2.0-only */
/* The difference of two exit snapshots, beside the rows of their snapshots. */
#ifndef KVMQ_EXIT_ROWS_H
#define KVMQ_EXIT_ROWS_H

#include "exits/exit_reason.h"
#include "model/exits.h"
#include "model/list.h"
#include "sched/row_keys.h"
#include "sched/rows.h"

/* All exits of a row for one reason. */
struct reason_row {
	const struct row *row;	/* whose they are */
	uint64_t row_handled;	/* all exits of that row */
	uint64_t row_handle_ns; /* and the time on a CPU that this took */
	uint32_t code;
	char name[EXIT_REASON_SIZE];
	struct reason_figures interval; /* its max_ns: as that of struct row */
	struct reason_figures total;
	struct exit_hist hist; /* of the interval */
	size_t next;	       /* place + 1 of another one of that row; 0: it is the last */
};

/* One vCPU, or all of a VM. */
struct exit_row {
	struct row row; /* first: the metrics of rows are those of exit rows, too */
	bool known;	/* false: there was nothing to see */
	bool poll_known;
	struct exit_figures interval;
	struct exit_figures total;
	uint64_t handled;	     /* exits of the interval that were handled */
	uint64_t handle_ns;	     /* and the time on a CPU that this took */
	struct reason_row **reasons; /* the greatest handling time first */
	size_t reason_count;
	size_t first_reason; /* its place + 1; 0: none */
};

struct exit_rows {
	LIST(struct exit_row);
	LIST(struct reason_row) reasons;
	LIST(struct reason_row *) order; /* by row */
	struct row_keys keys;
	bool brief; /* set by who makes them: reasons without distribution and max_ns */
};

/*
 * Makes an exit row for each of rows, which are vCPUs or VMs, with its reasons, from what has
 * changed since before. Only reasons of the interval are in it. rows must stay as long. Returns 0
 * or -ENOMEM. The rows own memory: exit_rows__free().
 */
int exit_rows__make(struct exit_rows *exit_rows, const struct rows *rows, enum group_by by,
		    const struct exit_snapshot *before, const struct exit_snapshot *after,
		    const struct snapshot *snapshot);

void exit_rows__free(struct exit_rows *exit_rows);

/* Exits, whoever handled them, and their time on a CPU. */
uint64_t reason_figures__count(const struct reason_figures *figures);
uint64_t reason_figures__handle(const struct reason_figures *figures);

#endif
