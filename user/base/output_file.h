/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file that is written for somebody, often by root and at a place where others may write: what
 * stands there may have been put in the way. Nothing but a plain file of our own is written to.
 */
#ifndef KVMQ_OUTPUT_FILE_H
#define KVMQ_OUTPUT_FILE_H

#include <stdio.h>
#include <sys/stat.h>

/* Why a file that is there must not be written to, in a few words; NULL: it may be. */
const char *output_file__refusal(const struct stat *file);

/*
 * Makes a file at path, for nobody else to read or write (0600, less what the umask takes away),
 * or empties the one that is there, whose mode stays. Refuses a symbolic link, whatever is no
 * plain file, one of another user's and one with a second name, and leaves it untouched; never
 * waits for a reader. Returns 0, or -errno after one line that begins with option. *file is to be
 * closed by fclose().
 */
int output_file__open(FILE **file, const char *option, const char *path);

/*
 * The same, but what is in it stays, and it is read, too: the file descriptor, to be closed, or
 * -errno.
 */
int output_file__hold(const char *option, const char *path);

#endif
