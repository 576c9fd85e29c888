/* SPDX-License-Identifier: GPL-2.0-only */
/* Small files of /proc and /sys, read whole. */
#ifndef KVMQ_PROC_H
#define KVMQ_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Reads at most size - 1 bytes of a file into text and ends it with a NUL; the rest is left out.
 * Returns the number of bytes, or -errno.
 */
ssize_t read_file(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * When a process was started, in clock ticks since boot (/proc/PID/stat, field
 * 22). Returns 0 or -errno.
 */
int process_start_ticks(const char *proc, uint32_t pid, uint64_t *ticks);

/*
 * The real user of a process, whatever it runs as and whoever may look at it. Returns 0 or -errno.
 */
int process_user(const char *proc, uint32_t pid, uint32_t *uid);

/*
 * What tells of a process, without a look at its files, whether it has opened or closed any. Two
 * that are equal are of one process that has as many files as before.
 */
struct process_files {
	uint64_t inode;	  /* of the folder that lists them */
	uint64_t made_ns; /* when the kernel made that */
	uint64_t count;	  /* 0: none, or the kernel does not tell (before Linux 6.2) */
};

/* Reads the state of /proc/PID/fd. Returns 0 or -errno, then with all of it 0. */
int process_files(const char *proc, uint32_t pid, struct process_files *files);
bool process_files__same(const struct process_files *a, const struct process_files *b);

/* How many files a process has open, by a list of them; thousands at most. 0: not known. */
uint64_t process_count_files(const char *proc, uint32_t pid);

/* Whether it is a kernel thread, which may work for a process and be in its cgroup. */
bool process_is_kernel_thread(const char *proc, uint32_t pid);

/* Resident memory of a process in bytes; the others do not include hugetlb. */
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
 * Whether matches returns true for the link of one of the process's file descriptors. Only the
 * first thousands are looked at. false, too, if that is not allowed.
 */
bool process_has_fd(const char *proc, uint32_t pid, bool (*matches)(const char *target));

/*
 * Whether the process has a character device open, other than as a path (O_PATH), for which nobody
 * needs permission. The same limits hold.
 */
bool process_has_device(const char *proc, uint32_t pid, uint32_t major, uint32_t minor);

#endif
