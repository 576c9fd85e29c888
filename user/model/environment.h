/* SPDX-License-Identifier: GPL-2.0-only */
/* What a host was like while it was measured: what may make two runs differ. */
#ifndef KVMQ_ENVIRONMENT_H
#define KVMQ_ENVIRONMENT_H

#include <stdint.h>

/* What is not known is an empty text, or 0. A text that had no room ends with "...". */
struct environment {
	char command_line[2048]; /* of the kernel, without its secrets */
	char build[192];	 /* of the kernel, as uname -v says it */
	char preemption[32];	 /* "none", "voluntary", "full", "lazy", "rt" */
	char features[1024];	 /* of the scheduler, as debugfs lists them */
	char tunables[256];	 /* of the scheduler: "base_slice_ns=3000000 ..." */
	char sched_ext[64];	 /* the scheduler that BPF programs make, if one is loaded */
	char cpu[64];		 /* model of the first one */
	char microcode[32];	 /* of the first one */
	char topology[128];	 /* "2 packages, 16 cores, 32 CPUs, nodes 0-1" */
	uint32_t hz;		 /* ticks per second */
};

#endif
