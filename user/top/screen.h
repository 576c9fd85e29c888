/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A screen as a table: whose figures it shows, and how rows are made of two views. The figures and
 * their headers are the metrics of the tool that measures them.
 */
#ifndef KVMQ_SCREEN_H
#define KVMQ_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include <stdio.h>

#include "exits/exit_rows.h"
#include "io/io_rows.h"
#include "model/view.h"
#include "numa/numa_rows.h"
#include "render/metric.h"
#include "why/why.h"

/* What a line is about, from one view to the next: a VM, and in it a thread, a disk, a kind... */
struct line_key {
	uint64_t vm_start_ns;
	uint32_t vm_pid;
	uint32_t level; /* 0: opens to the others of its owner */
	uint64_t owner; /* 0: the VM; or a disk of it */
	uint64_t id;	/* of a level above 0 */
};

struct top_line {
	struct line_key key;
	const void *row; /* what the metrics look into */
	const char *vm;	 /* its name */
	bool is_busy;
};

struct top_lines {
	LIST(struct top_line);
};

/* A verdict of a VM. */
struct verdict_row {
	struct row row; /* of all the time that was judged */
	const struct verdict *verdict;
	uint64_t rank; /* greater is worse */
};

/* Any row that metrics look into. */
union any_row {
	struct row cpu;
	struct exit_row exit;
	struct numa_row numa;
	struct io_row io;
	struct verdict_row verdict;
};

/* Two views, and what all screens make of them. */
struct view_pair {
	const struct view *before, *after;
	const struct rows *vms; /* a row for each VM */
	const struct why *why;	/* of a longer time; NULL: not asked */
};

struct series;

/* What stands below the lines, about the one that is selected. */
struct pane_line {
	const struct screen *screen;
	const struct top_line *line;
	const struct row *vm; /* its VM, all vCPUs together; NULL: none has run yet */
	const struct view *before, *after;
	const struct why *why;
	const struct series *series; /* for panes that need it, else of anything */
	const struct metric *sort;   /* by which lines are ordered */
	unsigned int width, lines;   /* that there is room for */
	bool utf8;
	bool is_recording;
};

struct screen {
	char key;
	const char *name;
	const char *question;
	const char *header; /* of the first column */
	const char *times;  /* unit of the columns that are times, or NULL */
	const struct metric_table *metrics;
	unsigned int by;      /* its usual columns are those of this grouping, */
	const char *left_out; /* but for these headers, which the first column tells: ",VM,DISK," */
	const char *sort;     /* key of the metric that lines are ordered by */
	unsigned int part;    /* of a view (PART_*), that is looked at for it alone; 0: none */
	unsigned int levels;  /* how often a line can be opened */
	size_t row_size;      /* of one of any_row */
	bool of_disks;	      /* rows are disks'; else they begin with a struct row */
	bool of_verdicts;     /* no figures, but what these mean */
	size_t data_size;     /* of what make() keeps: zeros at first */

	/*
	 * Makes the lines of all levels up to depth, in any order: 0 or -ENOMEM. They are valid
	 * until the next call, and as long as the views.
	 */
	int (*make)(void *data, const struct view_pair *views, unsigned int depth,
		    struct top_lines *lines);
	void (*label)(const struct top_line *line, char *text, size_t size);
	/* Why there is nothing to show of this view, in a clause; NULL: there is. */
	const char *(*missing)(const struct view *after);
	/* Prints what stands above the lines, of what make() has kept: 0 or -ENOMEM; or NULL. */
	int (*print_sums)(const void *data, FILE *file, const struct view_pair *views,
			  unsigned int width);
	/* What stands below the lines as long as no pane is chosen, or NULL; as print of a pane. */
	int (*detail)(FILE *file, const struct pane_line *of);
	void (*free)(void *data);
};

struct pane {
	char key;
	const char *help;
	bool of_series; /* needs the intervals before */
	/* Prints it: 0 or -ENOMEM. */
	int (*print)(FILE *file, const struct pane_line *of);
};

#endif
