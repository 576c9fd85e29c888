/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text that functions print to a file, in memory. All of it, or an error: open_memstream() drops
 * what it has no memory for, and closes well.
 */
#ifndef KVMQ_MEMORY_TEXT_H
#define KVMQ_MEMORY_TEXT_H

#include <stdbool.h>
#include <stdio.h>

struct memory_text {
	FILE *file; /* until the end */
	char *text; /* from the end on, with a 0 behind it: free() it */
	size_t size;
	size_t capacity;
	bool failed;
};

/* It stays where it is until the end. Returns 0, or -ENOMEM after text_miss(): then do not end. */
int memory_text__begin(struct memory_text *memory);

/* Closes the file. Returns 0, or -ENOMEM after text_miss(); then there is no text to free. */
int memory_text__end(struct memory_text *memory);

#endif
