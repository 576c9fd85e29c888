/* SPDX-License-Identifier: GPL-2.0-only */
/* The probe behind kvmq-exit: where the running time of vCPUs goes, and their exits. */
#ifndef KVMQ_PROBE_KVM_H
#define KVMQ_PROBE_KVM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "model/exits.h"
#include "model/run_cost.h"
#include "model/share_loss.h"
#include "probe/sched.h"

struct kvm_probe_config {
	bool filtered; /* as the sched probe is */
	bool events;
	bool detached; /* only loaded: it counts from kvm_probe__attach() on */
	uint64_t event_min_ns;
	void (*on_exit)(void *context, const struct exit_event *event);
	void *context;
};

struct kvm_probe;

/*
 * Loads and attaches, beside an open sched probe. It uses the slots of that probe, whose
 * sched_probe__poll() handles its events. Returns 0, or -errno after one line on standard error.
 * Close it before the sched probe with kvm_probe__close(), which takes NULL.
 */
int kvm_probe__open(struct kvm_probe **out, struct sched_probe *sched,
		    const struct kvm_probe_config *config);
void kvm_probe__close(struct kvm_probe *probe);

/*
 * Counts from now on. To be called once, before sched_probe__start(), so that no event of a thread
 * with books is missed. Returns 0 or -errno after one line on standard error.
 */
int kvm_probe__start(struct kvm_probe *probe);

/*
 * From kvm_probe__detach() to kvm_probe__attach() the hooks cost nothing. Attaching takes no
 * privilege that reading does not take. Counting begins anew then, for each vCPU at its first
 * event. Returns 0 or -errno.
 */
int kvm_probe__attach(struct kvm_probe *probe);
void kvm_probe__detach(struct kvm_probe *probe);

/*
 * Reads the vCPUs of a snapshot, right after it was read, into exits, whose contents are replaced.
 * If the hooks are not attached, exits says so. Returns 0 or -errno.
 */
int kvm_probe__read(struct kvm_probe *probe, const struct snapshot *snapshot,
		    struct exit_snapshot *exits);

/* Adds whose share of the table of reasons was used up. Returns 0 or -errno. */
int kvm_probe__read_losses(const struct kvm_probe *probe, struct share_losses *losses);

/*
 * What the hooks have cost since the probe was opened, of vCPUs that have gone, too: to be called
 * more often than slots go round. Returns 0 or -ENOMEM.
 */
int kvm_probe__read_cost(struct kvm_probe *probe, struct run_cost *cost);

/* Adds what the probe needs of this host beside what the sched probe needs. */
void kvm_probe__check(struct checks *checks);

#endif
