/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs at the block layer: who issued which requests, and what they waited in. */
#ifndef KVMQ_PROBE_BLOCK_H
#define KVMQ_PROBE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "model/io.h"
#include "model/io_event.h"
#include "model/run_cost.h"
#include "model/share_loss.h"

struct block_probe;

struct block_probe_config {
	bool vms_only; /* requests that no VM can have made are not counted */
	bool events;
	bool detached;	       /* until block_probe__attach() */
	uint64_t event_min_ns; /* from the queue on, throttling included */
	void (*on_event)(void *context, const struct io_event *event);
	void *context;
};

/* Who may be a VM's: by any of these a request is wanted. */
struct block_owners {
	const uint32_t *tgids;
	const uint32_t *tgid_uids; /* the users of these */
	size_t tgid_count;
	const uint64_t *cgroups;
	const uint32_t *cgroup_uids;
	size_t cgroup_count;
	const uint32_t *devices; /* of whole disks */
	size_t device_count;
};

/*
 * Loads and attaches the programs; nothing is counted before block_probe__start(). Returns 0
 * or -errno after one line on standard error. block_probe__close() takes NULL.
 */
int block_probe__open(struct block_probe **out, const struct block_probe_config *config);
void block_probe__close(struct block_probe *probe);
void block_probe__start(struct block_probe *probe);

/*
 * Attaches what was loaded without that, or was detached: it takes fewer privileges. Counting
 * begins anew, from 0, at block_probe__start(). Returns 0 or -errno. From block_probe__detach() on
 * the hooks cost nothing; what is in flight then is never counted as completed.
 */
int block_probe__attach(struct block_probe *probe);
void block_probe__detach(struct block_probe *probe);

/* What the hooks have cost since they were loaded. */
struct run_cost block_probe__cost(const struct block_probe *probe);

/* Says who is a VM from now on. Returns 0 or -errno. */
int block_probe__set_owners(struct block_probe *probe, const struct block_owners *owners);

/* Readable when there are events. -1: none are asked for. */
int block_probe__fd(const struct block_probe *probe);

/* Calls on_event for what has come. Returns 0 or -errno. */
int block_probe__poll(struct block_probe *probe);

/* Returns 0 or -errno. The snapshot's memory is its own, to be used again or freed. */
int block_probe__read(struct block_probe *probe, struct block_snapshot *snapshot);

/* Adds whose losses.flows are. Returns 0 or -errno. */
int block_probe__read_losses(const struct block_probe *probe, struct share_losses *losses);

/*
 * What kvmq-io needs of this host, whether it is there, and the proof by loading the programs
 * at the block layer, in VMMs and in KVM.
 */
void block_probe__check(struct checks *checks);

#endif
