/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file that is written for a user, often by root and where others may write, too: they may have
 * put something in the way. Only a plain file of our own is written to.
 */
#ifndef KVMQ_OUTPUT_FILE_H
#define KVMQ_OUTPUT_FILE_H

#include <stdio.h>
#include <sys/stat.h>

/* Why an existing file must not be written to, in a few words; NULL: it may be. */
const char *output_file__refusal(const struct stat *file);

/*
 * Makes a file at path that nobody else may read or write (0600, less the umask), or empties an
 * existing one, whose mode stays. Refuses, and leaves untouched: a symbolic link, anything but a
 * plain file, another user's file, and a file with a second name. Never waits for a reader. Returns
 * 0, or -errno after one line that begins with option. Close *file with fclose().
 */
int output_file__open(FILE **file, const char *option, const char *path);

/*
 * The same, but the contents stay, and may be read, too. Returns the descriptor, to be closed, or
 * -errno.
 */
int output_file__hold(const char *option, const char *path);

#endif
