/* SPDX-License-Identifier: GPL-2.0-only */
/* kvmq-top's screen of verdicts: a line for each, worst first, and all of the selected one. */
#ifndef KVMQ_CMD_TOP_WHY_H
#define KVMQ_CMD_TOP_WHY_H

#include "top/screen.h"

extern const struct metric_table verdict_metrics;

/* What make() of the screen keeps. */
struct verdict_data {
	LIST(struct verdict_row) rows;
};

/* The functions of a struct screen. */
int verdict_screen__make(void *context, const struct view_pair *pair, unsigned int depth,
			 struct top_lines *lines);
void verdict_screen__label(const struct top_line *line, char *text, size_t size);
const char *verdict_screen__missing(const struct view *after);
int verdict_screen__detail(FILE *file, const struct pane_line *of);
void verdict_screen__free(void *context);

#endif
