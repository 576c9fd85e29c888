/* SPDX-License-Identifier: GPL-2.0-only */
/* A figure of one line over the last intervals: columns, with a gap where it is n/a. */
#ifndef KVMQ_GRAPH_H
#define KVMQ_GRAPH_H

#include "top/series.h"

struct graph {
	const struct series *series;
	const struct line_key *key; /* of the line */
	const char *name;	    /* what it is called */
	unsigned int width, lines;  /* that there is room for */
	bool utf8;
};

/* Its first line names it, and says how much it was last, at least and at most. */
void graph__print(FILE *file, const struct graph *graph);

#endif
