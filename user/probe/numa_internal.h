/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside the numa probe: what numa.c (life, reading) and numa_bursts.c share. */
#ifndef KVMQ_NUMA_INTERNAL_H
#define KVMQ_NUMA_INTERNAL_H

#include "bpf/numa.h"
#include "host/topology.h"
#include "numa.skel.h"
#include "probe/maps.h"
#include "probe/numa.h"
#include "probe/sched_internal.h"

/* Events of one vCPU that belong together, since there is only a short time between them. */
struct bursts {
	struct numa_event faults;
	struct numa_event migrations;
};

struct numa_probe {
	struct numa_probe_config config;
	struct sched_probe *sched;
	struct numa_bpf *skeleton;    /* NULL: the kernel refused all of it */
	uint64_t since_ns;	      /* CLOCK_MONOTONIC: attached since; 0: not attached */
	const char *migrate_function; /* to hook; NULL: not known */
	int node_shift;		      /* of the flags of a page; less than 0: not known */
	struct shared_array faults, memory;
	struct memory_range *ranges; /* as last asked for */
	char faults_missing[MISSING_SIZE],
		migrations_missing[MISSING_SIZE]; /* why; empty: they are there */
	struct bursts *bursts;			  /* by slot; NULL without events */
};

/* Handlers of ring buffers, whose context is the probe. */
int handle_fault(void *context, void *data, size_t size);
int handle_move(void *context, void *data, size_t size);

#endif
