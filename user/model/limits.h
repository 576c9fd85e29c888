/* SPDX-License-Identifier: GPL-2.0-only */
/* The CPU time and I/O that the host gives: how busy its CPUs are, and what cgroups allow. */
#ifndef KVMQ_LIMITS_H
#define KVMQ_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/vm.h"

#define IO_MAX_SIZE 256

/* Of all CPUs, since boot. The kernel counts at ticks. */
struct host_use {
	bool known;
	uint64_t busy_ns;
	uint64_t idle_ns;
	uint64_t stolen_ns; /* by an outer host; in neither of the others */
};

/*
 * One cgroup (version 2) of a VM: the one of its vCPUs, or one above it, except for the root. The
 * kernel counts throttling at the cgroup with the limit, which so tells whose limit was too low.
 */
struct cgroup_limit {
	uint64_t vm_start_ns;
	uint32_t vm_pid;
	uint32_t depth;	     /* in the hierarchy: 1 is right below the root */
	bool cpu_known;	     /* it has the cpu controller */
	uint32_t cpu_weight; /* 0: not known */
	uint64_t quota_ns;   /* of CPU time in each period; 0: no limit */
	uint64_t period_ns;
	uint64_t periods;	   /* in which somebody wanted to run, */
	uint64_t short_periods;	   /* and of these, in which the quota did not suffice */
	uint64_t throttled_ns;	   /* of all CPUs together; counters, as the two before */
	char path[VM_CGROUP_SIZE]; /* "/machine.slice/..." */
	char io_max[IO_MAX_SIZE];  /* io.max, its lines after one another; empty: none */
};

#endif
