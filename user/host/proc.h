/* SPDX-License-Identifier: GPL-2.0-only */
/* Small files of /proc and /sys, read whole. */
#ifndef KVMQ_PROC_H
#define KVMQ_PROC_H

#include <stdbool.h>
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

/*
 * Whose a process is: of its real user, whatever it runs as and whoever may look at it. Returns 0
 * or -errno.
 */
int process_user(const char *proc, uint32_t pid, uint32_t *uid);

/* Whether it is one of the kernel's, which may work for a process and be in its cgroup. */
bool process_is_kernel_thread(const char *proc, uint32_t pid);

/* Resident memory of a process in bytes; hugetlb is in none of the others. */
struct process_memory {
	uint64_t anon_bytes;
	uint64_t file_bytes;
	uint64_t shmem_bytes;
	uint64_t hugetlb_bytes;
	uint64_t pinned_bytes;
};

/* Reads /proc/PID/status. Returns 0, -ESRCH (it has no memory any more) or -errno. */
int process_memory(const char *proc, uint32_t pid, struct process_memory *memory);

/*
 * Whether one of the process's file descriptors is a link to what matches says yes to: of the first
 * thousands. false, too, where that cannot be looked into.
 */
bool process_has_fd(const char *proc, uint32_t pid, bool (*matches)(const char *target));

/*
 * Whether the process has a character device open, and not its path alone (O_PATH), which nobody
 * needs to be allowed. The same holds.
 */
bool process_has_device(const char *proc, uint32_t pid, uint32_t major, uint32_t minor);

#endif
