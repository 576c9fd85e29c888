/* SPDX-License-Identifier: GPL-2.0-only */
/* What stands around the rows: the host above, cost and losses below. */
#ifndef KVMQ_SUMMARY_H
#define KVMQ_SUMMARY_H

#include <jansson.h>
#include <stdio.h>

#include "model/view.h"
#include "render/losses.h"
#include "sched/rows.h"

struct summary {
	const struct host *host;
	const struct snapshot *before;
	const struct snapshot *after;
	const struct share_losses *shares; /* of after; NULL: not known */
	uint64_t vms;
	uint64_t vcpus;
};

/* For the interval between two views, which must stay; counts nothing yet. */
struct summary summary__of(const struct view *before, const struct view *after);

/* Counts the VMs and vCPUs of rows, and adds those that the filter leaves out. */
void summary__count(struct summary *summary, const struct rows *rows);

/*
 * "HOST KERNEL: 4 CPUs, 2 VMs, 4 vCPUs (1.00 per CPU); times in ms". unit: of the times
 * in the columns, or NULL.
 */
void summary__print_header(FILE *file, const struct summary *summary, const char *unit);

/* The line above a report with --timestamp: local time with its offset, or UTC. */
void summary__print_time(FILE *file, uint64_t realtime_ns, bool utc);

/* Shares of one CPU's time in the interval, in %. */
struct cost_shares {
	double hooks_pct; /* -1: not known */
	double own_pct;	  /* of the tool itself */
};

struct cost_shares summary__cost(const struct summary *summary);

/* The scheduler's losses; they borrow the summary's. */
struct loss_set summary__losses(const struct summary *summary);

/* "cost: of one CPU 0.176 % in hooks, 0.250 % in TOOL" */
void cost__print(FILE *file, const struct cost_shares *cost, const char *tool);

/* The sum of two kinds of hooks' shares; -1: not known. */
double cost__sum(double left, double right);

/* "cost of switches: 627 ns per one of a VM's thread, 25 ns per any other" */
void summary__print_switches(FILE *file, const struct summary *summary);

/* A real number, or null for -1: not known. A new reference. */
json_t *json__known_real(double value);

/*
 * An object with schema, host, kernel, time, interval_ns, cpus, vms, vcpus, cost, the losses
 * of count sets and whose these are; rows are the caller's. A new reference.
 */
json_t *summary__json(const struct summary *summary, const char *schema,
		      const struct loss_set *sets, size_t count);

#endif
