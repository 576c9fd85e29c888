/* SPDX-License-Identifier: GPL-2.0-only */
/* What this process may do, and how it gives up what it no longer needs. */
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

/* What a tool does later, beside reading files and the tables of its own BPF programs. */
enum {
	PRIVILEGE_ATTACH = 1,  /* programs that are loaded, later on: CAP_PERFMON */
	PRIVILEGE_CONNECT = 2, /* to sockets of other users' VMs: CAP_DAC_OVERRIDE */
	PRIVILEGE_LOOK_UP = 4, /* names as other processes would: openat2() */
	PRIVILEGE_REPORT = 8,  /* to a host, by a device that comes back, a file or vsock */
	PRIVILEGE_SERVE = 16,  /* who connects to a socket that listens */
	PRIVILEGE_NONE = 32,   /* not even that: it reads what is open, which a stranger wrote */
	PRIVILEGE_RECORD = 64, /* begins its recording anew: any file of its user's; not for root */
	PRIVILEGE_REPLACE = 128, /* files in a folder, which it writes anew again and again */
	PRIVILEGE_TRAP = 256,	 /* attaches to perf events that another process opens for it */
};

struct privileges_kept {
	unsigned int needs; /* PRIVILEGE_* */
	bool records;	    /* to a file that is open; those beside it are removed at its end */
	pid_t command;	    /* a child that gets signals; 0: none */
};

/*
 * Keeps only what reading needs later, and what kept names: CAP_BPF for the maps and for the
 * program that brings them up to date, CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE for other users' VMs
 * in /proc. It also gives up root's user, unless files have to be removed or opened for writing
 * later. From then on a system call that is not allowed fails with EPERM in any thread, and is
 * counted. Returns 0 or -errno after one line.
 */
int privileges_drop(const struct privileges_kept *kept);

/*
 * Keeps what opening uprobes of other processes takes, and what answering one who asks for them
 * does. For a process that does nothing else, and has no other file open. Returns 0 or -errno.
 */
int privileges_keep_uprobes(void);

/* Keeps none. No thread may open files for writing, or reach another process. */
int privileges_drop_all(void);

/*
 * The same for the calling thread, which may still send signals if told so. privileges_drop() in
 * another thread, called after this, limits its system calls.
 */
void privileges_drop_thread(bool signals);

/* Says, once, which system call was refused, if any: the list lacks it, or somebody has got in. */
void privileges_tell_refused(void);

#endif
