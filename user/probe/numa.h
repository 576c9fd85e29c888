/* SPDX-License-Identifier: GPL-2.0-only */
/* The probe behind kvmq-numa: where vCPUs run, and their NUMA hint faults and migrations. */
#ifndef KVMQ_PROBE_NUMA_H
#define KVMQ_PROBE_NUMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "host/residency.h"
#include "host/topology.h"
#include "model/numa.h"
#include "probe/sched.h"

struct numa_probe_config {
	bool filtered; /* as the sched probe is */
	bool events;   /* on_event is wanted */
	bool detached; /* only loaded: it counts hint faults from numa_probe__attach() on */
	uint64_t event_min_ns;
	void (*on_event)(void *context, const struct numa_event *event);
	void *context;
	const struct topology *topology; /* the host's, to read with; borrowed */
};

struct numa_probe;

/*
 * Loads and attaches what the kernel allows, beside an open sched probe that counts nodes. It uses
 * the slots of that probe, whose sched_probe__poll() handles its events.
 * numa_snapshot.faults_missing and so on say what the kernel refuses. Returns 0, or -errno after
 * one line on standard error. Close it before the sched probe with numa_probe__close(), which takes
 * NULL.
 */
int numa_probe__open(struct numa_probe **out, struct sched_probe *sched,
		     const struct numa_probe_config *config);
void numa_probe__close(struct numa_probe *probe);

/*
 * From numa_probe__detach() to numa_probe__attach() the hooks cost nothing. Attaching takes no
 * privilege that reading does not take. A refusal is reported as at open.
 */
void numa_probe__attach(struct numa_probe *probe);
void numa_probe__detach(struct numa_probe *probe);

/* Sends bursts of events that have ended. To be called after sched_probe__poll(). */
void numa_probe__flush(struct numa_probe *probe, bool all);

/*
 * Reads the vCPUs of a snapshot, right after it was read, into numa, whose threads are
 * replaced. Fills in losses and what is missing. Returns 0 or -errno.
 */
int numa_probe__read(struct numa_probe *probe, const struct snapshot *snapshot,
		     struct numa_snapshot *numa);

/*
 * The guest memory of a VM as KVM maps it, by ascending begin; adjoining ranges are joined. Returns
 * how many ranges; 0: not known. *ranges stays the probe's, until the next call.
 */
size_t numa_probe__memory(struct numa_probe *probe, const struct snapshot *snapshot, uint32_t pid,
			  const struct memory_range **ranges);

/* Adds what the probe needs of this host beside what the sched probe needs. */
void numa_probe__check(struct checks *checks);

#endif
