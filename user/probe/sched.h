/* SPDX-License-Identifier: GPL-2.0-only */
/* The probe behind kvmq-cpu: run, ready, halted and blocked time of VM threads. */
#ifndef KVMQ_PROBE_SCHED_H
#define KVMQ_PROBE_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "model/run_cost.h"
#include "model/share_loss.h"
#include "model/snapshot.h"
#include "model/state_change.h"
#include "model/wait_event.h"

struct sched_probe_config {
	bool threads;  /* also the VMs' threads that are no vCPUs */
	bool filtered; /* on_thread may say no */
	bool events;
	bool ready;	 /* ready time is shown, and with it what is lost of it */
	bool throttling; /* told from other waiting, if the kernel lets itself be asked */
	bool blame;	 /* who ran while another waited */
	bool overlap;	 /* what the vCPUs of a VM did at the same time */
	bool changes;	 /* on_change is wanted */
	uint32_t nodes;	 /* ids are below: on which threads run, for the numa probe; 0: unasked */
	bool moves;	 /* and each move to another node */
	uint64_t event_min_ns;
	/*
	 * Called from sched_probe__poll() and sched_probe__read() for each thread
	 * that is found; false: nothing of it is wanted.
	 */
	bool (*on_thread)(void *context, const struct identity *identity);
	/* Called when a thread that on_thread was asked about has exited. */
	void (*on_exit)(void *context, const struct identity *identity);
	void (*on_wait)(void *context, const struct wait_event *event);
	void (*on_change)(void *context, const struct state_change *change);
	void *context;
};

struct sched_probe;

/*
 * Loads, attaches and finds the threads that are there already. Nothing is
 * counted before sched_probe__start(). Returns 0 or -errno after one line on
 * standard error. Close with sched_probe__close(), which takes NULL.
 */
int sched_probe__open(struct sched_probe **out, const struct sched_probe_config *config);

/*
 * Switches count from now on. The books of a thread that is there begin at its next switch
 * or at the first sched_probe__read(), whichever comes first. Returns 0 or -errno after one
 * line on standard error.
 */
int sched_probe__start(struct sched_probe *probe);
void sched_probe__close(struct sched_probe *probe);

/* Whether throttled time is told from other ready time: not where the kernel refuses. */
bool sched_probe__tells_throttling(const struct sched_probe *probe);

/*
 * Readable when a thread is new or events fill a quarter of their buffer; for
 * single events call sched_probe__poll() from time to time.
 */
int sched_probe__fd(const struct sched_probe *probe);

/* Handles new threads and events. Returns 0 or -errno. */
int sched_probe__poll(struct sched_probe *probe);

/*
 * Reads all wanted threads into snapshot, whose threads are replaced. Those
 * that have exited are in one snapshot more, and then gone. Fills in losses,
 * the cost of the hooks and when it ended. Returns 0 or -errno.
 */
int sched_probe__read(struct sched_probe *probe, struct snapshot *snapshot);

/* What the hook at switches has cost so far, for threads of VMs. */
struct run_cost sched_probe__cost(const struct sched_probe *probe);

/* Adds whose losses.threads are. Returns 0 or -errno. */
int sched_probe__read_losses(const struct sched_probe *probe, struct share_losses *losses);

/* How many calls of on_change are missing so far, since a buffer was full. */
uint64_t sched_probe__lost_changes(const struct sched_probe *probe);

/* Adds what the probe needs of this host, and whether it loads and attaches. */
void sched_probe__check(struct checks *checks);

#endif
