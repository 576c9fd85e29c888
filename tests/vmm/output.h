/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines that several processes write at the same time, and files that appear whole. */
#ifndef VMM_OUTPUT_H
#define VMM_OUTPUT_H

/* Enough for any line; with PIPE_BUF, also what a pipe takes in one piece. */
#define OUTPUT_LINE_MAX 4096

/* Makes standard output write line by line, each in one piece. */
void output_init(void);
/* Both return 0, or say what failed on standard error and return -1. */
int output_write(int fd, const char *text);
/* Whoever sees PATH sees all of the text. */
int output_replace(const char *path, const char *text);

#endif
