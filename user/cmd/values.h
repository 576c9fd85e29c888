/* SPDX-License-Identifier: GPL-2.0-only */
/* What the metrics of several tools are made with. */
#ifndef KVMQ_VALUES_H
#define KVMQ_VALUES_H

#include "model/group_by.h"
#include "render/metric.h"
#include "sched/rows.h"

/* Where a metric is shown without being asked for. */
#define VCPU (1U << BY_VCPU)
#define VM (1U << BY_VM)
#define THREAD (1U << BY_THREAD)
#define NEVER 0U

static inline struct value number(uint64_t value)
{
	return (struct value){ .known = true, .number = value };
}

static inline struct value known_if(bool known, uint64_t value)
{
	return (struct value){ .known = known, .number = value };
}

/* Per second of time, not of all vCPUs' time together, in 1/1000. */
static inline struct value rate(const struct row *row, uint64_t count)
{
	uint64_t vcpus = row->vcpus > 1 ? row->vcpus : 1;
	double seconds = (double)row->interval.elapsed_ns / (double)vcpus / 1e9;

	return known_if(row->interval.elapsed_ns,
			seconds > 0 ? (uint64_t)((double)count * 1000.0 / seconds + 0.5) : 0);
}

/* A metric of kvmq-cpu that another tool shows, too. */
struct borrowed {
	const char *key;
	unsigned int usual;
};

/*
 * Copies count of kvmq-cpu's metrics into list, shown where usual says. The rows of the
 * tool must have a struct row as their first member. Returns count.
 */
size_t borrow_metrics(struct metric *list, const struct borrowed *borrowed, size_t count);

#endif
