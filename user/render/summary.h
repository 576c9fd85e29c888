/* SPDX-License-Identifier: GPL-2.0-only */
/* What stands around the rows: the host above, cost and losses below. */
#ifndef KVMQ_SUMMARY_H
#define KVMQ_SUMMARY_H

#include <jansson.h>
#include <stdio.h>

#include "model/host.h"
#include "model/snapshot.h"
#include "sched/rows.h"

struct summary {
	const struct host *host;
	const struct snapshot *before;
	const struct snapshot *after;
	uint64_t vms;
	uint64_t vcpus;
};

/* Counts the VMs and vCPUs of rows, and those that the filter leaves out. */
void summary__count(struct summary *summary, const struct rows *rows);

/*
 * "HOST KERNEL: 4 CPUs, 2 VMs, 4 vCPUs, 1.0 vCPUs per CPU; times in ms". unit: of the times
 * in the columns, or NULL.
 */
void summary__print_header(FILE *file, const struct summary *summary, const char *unit);

/* Cost of the interval, and losses since the tool started. */
void summary__print_footer(FILE *file, const struct summary *summary, const char *tool);

/* One kind of loss, and how often. */
struct loss {
	uint64_t count;
	const char *what;
};

/* "losses: 3 events dropped (buffer full), 1 ...", without those of 0; or "losses: none". */
void summary__print_loss_list(FILE *file, const struct loss *list, size_t count);

/* The losses alone, and whether there were any in the interval. */
void summary__print_losses(FILE *file, const struct losses *losses);
bool summary__has_new_losses(const struct summary *summary);

/* An object with schema, host, kernel, time, interval_ns, cpus, vms, vcpus, cost
 * and losses; rows are the caller's. A new reference. */
json_t *summary__json(const struct summary *summary, const char *schema);

#endif
