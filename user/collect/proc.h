/* SPDX-License-Identifier: GPL-2.0-only */
/* Small files of /proc and /sys, read whole. */
#ifndef KVMQ_PROC_H
#define KVMQ_PROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Reads a file of at most size - 1 bytes into text and ends it with a NUL.
 * Returns the number of bytes, what does not fit being left out, or -errno.
 */
ssize_t read_file(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * When a process was started, in clock ticks since boot (/proc/PID/stat, field
 * 22). Returns 0 or -errno.
 */
int process_start_ticks(const char *proc, uint32_t pid, uint64_t *ticks);

/* The cgroup v2 path of a process, or the first of v1's; -errno. */
int process_cgroup(const char *proc, uint32_t pid, char *path, size_t size);

#endif
