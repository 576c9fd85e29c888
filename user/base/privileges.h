/* SPDX-License-Identifier: GPL-2.0-only */
/* What this process may do, and giving up what it needs no more. */
#ifndef KVMQ_PRIVILEGES_H
#define KVMQ_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Writes the capabilities that BPF tracing needs and that are missing, such as
 * "CAP_BPF and CAP_PERFMON". Returns how many there are.
 */
int privileges_missing(char *names, size_t size);

/* Whether the kernel lets this process have BPF statistics (CAP_SYS_ADMIN). */
bool privileges_can_enable_statistics(void);

/* What a tool goes on to do beside reading files and the tables of its own BPF programs. */
enum {
	PRIVILEGE_ATTACH = 1,  /* programs to VMs that start later on: CAP_PERFMON */
	PRIVILEGE_CONNECT = 2, /* to sockets of other users' VMs: CAP_DAC_OVERRIDE */
	PRIVILEGE_LOOK_UP = 4, /* names as other processes would: openat2() */
	PRIVILEGE_REPORT = 8,  /* to a host, by a device that comes back, a file or vsock */
};

struct privileges_kept {
	unsigned int needs; /* PRIVILEGE_* */
	bool records;	    /* to a file that is open; those beside it are taken away at its end */
	pid_t command;	    /* a child that gets signals; 0: none */
};

/*
 * Keeps only what reading goes on to need: CAP_BPF for the maps and the program that brings them
 * up to date, CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE for the files in /proc of other users' VMs;
 * and what kept names. Of root it takes the user, too, but for one who writes beside what is open.
 * No system call but those that are left does anything from then on, in any thread: it fails with
 * EPERM, and is counted. Returns 0 or -errno after one line.
 */
int privileges_drop(const struct privileges_kept *kept);

/* Keeps none, and neither opens files to write nor reaches another process: for all threads. */
int privileges_drop_all(void);

/*
 * The same of the calling thread, which may send signals if it is said so. Its system calls are
 * bound by privileges_drop() in another one, for which this must have been done before.
 */
void privileges_drop_thread(bool signals);

/* Says, once, which system call was refused, if one was: the list lacks it, or somebody is inside.
 */
void privileges_tell_refused(void);

#endif
