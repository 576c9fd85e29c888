/* SPDX-License-Identifier: GPL-2.0-only */
/* The figures that are compared: which metrics of each tool, and which side is better. */
#ifndef KVMQ_DIFF_SOURCES_H
#define KVMQ_DIFF_SOURCES_H

#include "diff/compare.h"
#include "render/metric.h"

/* Of all exits of a VM; of one reason it is 0 where that has not come up. */
#define DIFF_EXIT_RATE "exits_per_s"

/* What could not be counted in a run, as bits: a figure that it touches is not used. */
enum diff_lost {
	DIFF_LOST_THREADS = 1,
	DIFF_LOST_THROTTLED = 2,
	DIFF_LOST_OVERLAP = 4,
	DIFF_LOST_EXITS = 8,
	DIFF_LOST_REASONS = 16,
	DIFF_LOST_FAULTS = 32,
	DIFF_LOST_REQUESTS = 64,
	DIFF_LOST_VMM = 128,
};

struct diff_loss {
	unsigned int bit;
	size_t place;	   /* of its counter, a uint64_t, in struct view */
	const char *key;   /* in the JSON of that tool */
	const char *words; /* what was lost, and what is not used then */
};

extern const struct diff_loss diff_losses[];
extern const size_t diff_loss_count;

/* What several intervals of JSON are as one, and several rows of a VM. */
enum diff_join {
	JOIN_NONE,     /* cannot be told: known of a single row of a single interval alone */
	JOIN_WEIGHTED, /* mean, weighted by the row's time, or by what whole names */
	JOIN_RATES,    /* per second: mean over time, and sum of a VM's vCPUs */
	JOIN_RATIO,    /* of two counters */
	JOIN_LARGEST,
	JOIN_LATEST,
};

struct diff_source {
	const char *key; /* of a metric of the table */
	enum direction direction;
	enum diff_join join;
	const char *part, *whole; /* JSON keys of counters; a ratio of a "_pct" is 100 times that */
	const struct distribution *mean_of; /* it is the mean of this; NULL: it is no such mean */
	unsigned int losses;		    /* that touch it, beside those that touch all */
};

struct diff_sources {
	const struct diff_source *list;
	size_t count;
	const struct metric_table *metrics;
	unsigned int losses; /* that touch all of them */
};

/* Of reasons, a row is a pointer, as reason_metrics has it. */
extern const struct diff_sources diff_cpu_sources, diff_exit_sources, diff_reason_sources;
extern const struct diff_sources diff_numa_sources, diff_io_sources;

#endif
