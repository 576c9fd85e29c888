/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page of a terminal as text, in which single bytes say how what follows them looks. Text by
 * strangers has no such bytes: text.h makes them harmless.
 */
#ifndef KVMQ_PAGE_H
#define KVMQ_PAGE_H

#include <stdio.h>

#include "render/table.h"

/* The style of what follows. A line begins plain; PAGE_SELECTED is of a whole line. */
#define PAGE_LOOK "\1"
#define PAGE_ACT "\2"
#define PAGE_HEADER "\3"
#define PAGE_SORTED "\4"
#define PAGE_TITLE "\5"
#define PAGE_DIM "\6"
#define PAGE_END "\7" /* as the line was */
#define PAGE_SELECTED "\16"

/* One of zeros is empty. */
struct page {
	char *text; /* lines, each with its end */
	size_t size;
	unsigned int cursor; /* column of the last line where something is written; 0: nowhere */
};

/* The style of tables in a page. */
extern const struct table_style page_style;

void page__free(struct page *page);

/* Adds text of which each line is cut to so many lines; returns how many that were. */
unsigned int page__add_lines(FILE *file, const char *text, unsigned int lines);

#endif
