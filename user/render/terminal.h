/* SPDX-License-Identifier: GPL-2.0-only */
/* How wide a terminal is, and lines that are wrapped to fit it. */
#ifndef KVMQ_TERMINAL_H
#define KVMQ_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Width of the terminal behind a stream, or 0 if it is none. */
unsigned int terminal_width(FILE *file);

/* Whether colours are wanted, or would be shown as what they are made of. */
bool terminal_has_colors(FILE *file);

/* A line of text, as text_line(), wrapped at words where it is wider than the terminal. */
void terminal_line(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, for a line that is put together word by word. */
struct sentence {
	FILE *words; /* to be written to; not the terminal's */
	char *text;
	size_t size;
};

/* Returns 0 or -ENOMEM; then there is nothing to end. */
int sentence__begin(struct sentence *sentence);

/* Shows it, if it has a word. */
void sentence__end(struct sentence *sentence, FILE *file);

#endif
