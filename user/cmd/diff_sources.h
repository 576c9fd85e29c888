/* SPDX-License-Identifier: GPL-2.0-only */
/* The figures that are compared: which metrics of each tool, and which side is better. */
#ifndef KVMQ_DIFF_SOURCES_H
#define KVMQ_DIFF_SOURCES_H

#include "diff/compare.h"
#include "render/metric.h"

/* Of all exits of a VM; of one reason it is 0 where that has not come up. */
#define DIFF_EXIT_RATE "exits_per_s"

#define DIFF_NO_LOSS SIZE_MAX

/* What several intervals of JSON are as one, and several rows of a VM. */
enum diff_join {
	JOIN_NONE,    /* cannot be told: known of a single row of a single interval alone */
	JOIN_WEIGHTED, /* mean, weighted by the row's time, or by what whole names */
	JOIN_RATES,   /* per second: mean over time, and sum of a VM's vCPUs */
	JOIN_RATIO,   /* of two counters */
	JOIN_LARGEST,
	JOIN_LATEST,
};

struct diff_source {
	const char *key; /* of a metric of the table */
	enum direction direction;
	enum diff_join join;
	const char *part, *whole; /* JSON keys of counters; a ratio of a "_pct" is 100 times that */
	const struct distribution *mean_of; /* it is the mean of this; NULL: it is no such mean */
	size_t loss; /* of struct losses: this one touches it; DIFF_NO_LOSS: only what touches all */
};

struct diff_sources {
	const struct diff_source *list;
	size_t count;
	const struct metric_table *metrics;
};

/* Of reasons, a row is a pointer, as reason_metrics has it. */
extern const struct diff_sources diff_cpu_sources, diff_exit_sources, diff_reason_sources;
extern const struct diff_sources diff_numa_sources, diff_io_sources;

#endif
