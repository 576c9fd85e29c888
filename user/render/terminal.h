/* SPDX-License-Identifier: GPL-2.0-only */
/* How wide a terminal is, and lines that are wrapped to fit it. */
#ifndef KVMQ_TERMINAL_H
#define KVMQ_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

#include "base/memory_text.h"

/* Width of the terminal of a stream, or 0 if it is no terminal. */
unsigned int terminal_width(FILE *file);

/* Whether colours are wanted, and would not show as escape sequences. */
bool terminal_has_colors(FILE *file);

/* Prints a line like text_line(), wrapped at words if it is wider than the terminal. */
void terminal_line(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, for a line that is composed word by word. */
struct sentence {
	FILE *words; /* to be written to; not the terminal's stream */
	struct memory_text memory;
};

/* Returns 0, or -ENOMEM after text_miss(); then there is nothing to end. */
int sentence__begin(struct sentence *sentence);

/* Prints it, if it has any text. */
void sentence__end(struct sentence *sentence, FILE *file);

#endif
