/* SPDX-License-Identifier: GPL-2.0-only */
/* What is said of figures and runs, in the same words on a terminal, a list and a page. */
#ifndef KVMQ_DIFF_WORDS_H
#define KVMQ_DIFF_WORDS_H

#include "cmd/diff_report.h"

#define DIFF_CELL 16
#define DIFF_INTERVAL 48
#define DIFF_LINE (FIGURE_ROLE_SIZE + FIGURE_NAME_SIZE + 256)

/* A value in the largest unit that leaves a whole part. */
void diff_words__value(char text[DIFF_CELL], double value, const char *unit);

/* The interval of a ratio or, where there is none, of the difference. */
void diff_words__interval(char text[DIFF_INTERVAL], const struct comparison *comparison,
			  const char *unit);

/* What a side is made of, of which there is at least one run; else nothing. */
void diff_words__side(char *text, size_t size, const struct diff_report *report, enum side side);

/* Whose a figure is. */
const char *diff_words__role(const struct figure *figure);

/* What is said of a primary figure in a sentence. */
void diff_words__verdict(char *text, size_t size, const struct diff_report *report,
			 const struct figure *figure);

/* Figures that one side lacks, or that are 0 in all runs, are left to JSON, unless primary. */
bool diff_words__is_shown(const struct figure *figure);

#endif
