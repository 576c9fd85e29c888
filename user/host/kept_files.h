/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small files of /proc and /sys that are read again and again, and stay open: to find and open one
 * takes the kernel several times as long as to write its text.
 */
#ifndef KVMQ_KEPT_FILES_H
#define KVMQ_KEPT_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model/list.h"

/* All zeros: none, with room for none. */
struct kept_files {
	LIST(struct kept_file); /* by ascending path */
	size_t most;
	uint64_t round;
};

/* Room for half of the files that this process may have open. */
void kept_files__init(struct kept_files *files);
void kept_files__free(struct kept_files *files);

/*
 * As read_file(), of a file that gives its text to one read() as it is at that moment. Whoever has
 * removed it and made it anew, or a process that has gone, is seen at once: the kernel refuses to
 * read the old one.
 */
ssize_t kept_files__read(struct kept_files *files, char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Closes those that were not read since the last call. */
void kept_files__sweep(struct kept_files *files);

#endif
