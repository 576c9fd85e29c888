/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kvmqd shows at /metrics: counters of all VMs since it started, what the rules say now, and
 * what it says of itself. The names are in kvmq-metrics(7).
 */
#ifndef KVMQ_DAEMON_METRICS_H
#define KVMQ_DAEMON_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/view.h"
#include "render/openmetrics.h"
#include "why/why.h"

#define METRICS_TIERS 8

struct daemon_metrics_config {
	uint64_t max_series;  /* more are left out, and counted */
	uint32_t blame_pairs; /* of a VM that are named */
	bool vcpu_histograms; /* of each vCPU, too, not only of VMs */
};

/* What the daemon says of itself. Counters are since it started. */
struct daemon_figures {
	uint64_t begin_ns; /* time of day when it started */
	uint64_t interval_ns;
	uint64_t budget_mpct, used_mpct; /* of one CPU in the last minute, 1/1000 % */
	bool used_known;
	unsigned int level; /* how much it has given up to keep to it; 0: nothing */
	uint64_t incidents;
	struct {
		bool known; /* there is one */
		uint64_t bytes, failed, set_aside, dropped, lost;
		uint32_t tiers;
		uint64_t tier_interval_ns[METRICS_TIERS], moments[METRICS_TIERS];
	} recording;
	struct {
		bool known;
		uint32_t clients;
		uint64_t accepted, refused, dropped;
	} feed;
	struct {
		bool known;
		uint32_t connections;
		uint64_t served, dropped;
	} web;
};

struct daemon_metrics;

/* Returns 0 or -ENOMEM. */
int daemon_metrics__open(struct daemon_metrics **result,
			 const struct daemon_metrics_config *config);

/* Other settings from now on. */
void daemon_metrics__configure(struct daemon_metrics *metrics,
			       const struct daemon_metrics_config *config);

/*
 * Takes a moment. why was made of the one that was taken last and this one, and may be brief; it is
 * NULL at first, and where it could not be made: then what it tells is missing. None is needed
 * afterwards. Returns 0 or -ENOMEM: some of it may be missing.
 */
int daemon_metrics__take(struct daemon_metrics *metrics, const struct view *after,
			 const struct why *why, const struct daemon_figures *figures);

/*
 * The text of the latest moment, which is made once, and *moment, another number for each one.
 * It is borrowed until the next moment is taken. Returns 0, -EAGAIN: none was taken yet, or
 * -ENOMEM.
 */
int daemon_metrics__text(struct daemon_metrics *metrics, enum exposition_format format,
			 const char **text, size_t *size, uint64_t *moment);

void daemon_metrics__close(struct daemon_metrics *metrics);

#endif
