/* SPDX-License-Identifier: GPL-2.0-only */
/* What this process may do, and giving up what it needs no more. */
#ifndef KVMQ_PRIVILEGES_H
#define KVMQ_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes the capabilities that BPF tracing needs and that are missing, such as
 * "CAP_BPF and CAP_PERFMON". Returns how many there are.
 */
int privileges_missing(char *names, size_t size);

/* Whether the kernel lets this process have BPF statistics (CAP_SYS_ADMIN). */
bool privileges_can_enable_statistics(void);

/* What a tool goes on to do beside reading. */
enum {
	PRIVILEGE_ATTACH = 1,  /* programs to VMs that start later on: CAP_PERFMON */
	PRIVILEGE_CONNECT = 2, /* to sockets of other users' VMs: CAP_DAC_OVERRIDE */
};

/*
 * Keeps only what reading goes on to need: CAP_BPF for the maps and the program
 * that brings them up to date, CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE for the files in /proc
 * of other users' VMs; and what needs, a set of the above, names. Returns 0 or -errno after
 * one line.
 */
int privileges_drop(unsigned int needs);

/* Keeps none: of the calling thread. */
void privileges_drop_all(void);

#endif
