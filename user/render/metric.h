/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tool's figures as data: one table feeds the columns, the JSON keys and the
 * help. Rows are the tool's own type; only its metrics look into them.
 */
#ifndef KVMQ_METRIC_H
#define KVMQ_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/hist.h"

/* What a figure is, however it is shown: it tells what may be summed, joined or kept. */
enum metric_kind {
	METRIC_LABEL,	     /* tells whose the row is */
	METRIC_NOTE,	     /* a word about the row's figures: their source, why they are n/a */
	METRIC_COUNTER,	     /* its growth in the interval; total() is the counter */
	METRIC_GAUGE,	     /* its value at the later moment */
	METRIC_DERIVED,	     /* of the interval alone: a share, rate, mean, percentile, number */
	METRIC_DISTRIBUTION, /* how long each took; not a single figure */
};

enum unit {
	UNIT_TEXT,
	UNIT_NUMBER,
	UNIT_MPCT,	   /* 1/1000 %; a real number of % in JSON */
	UNIT_PER_SEC_M,	   /* 1/1000 per second; a real number in JSON */
	UNIT_M,		   /* 1/1000; a real number in JSON */
	UNIT_NS_AS_US,	   /* ns; shown in us */
	UNIT_NS_AS_MS,	   /* ns; shown in ms, to the us */
	UNIT_NS_AS_S,	   /* ns; shown in s */
	UNIT_NS,	   /* ns; JSON only */
	UNIT_BYTES,	   /* JSON only */
	UNIT_BYTES_AS_MIB, /* bytes; shown in MiB */
	UNIT_BYTES_PER_S,  /* bytes per second; shown in MiB with a fraction */
};

struct value {
	bool known; /* false: n/a, never 0 */
	uint64_t number;
	const char *text; /* UNIT_TEXT */
	bool blank;	  /* if it is not known, nothing is shown instead of n/a */
};

/* Bits of enum group_by: shown by default, if the terminal has room. */
#define WIDE(bits) ((bits) << 16)

/* How long each took, for one row and interval; parts belong to the row. */
struct histogram {
	bool known;
	const uint32_t (*parts)[HIST_BUCKETS];
	int count; /* of parts */
	uint64_t samples, sum_ns;
	uint64_t max_ns; /* the longest, also one going on; UINT64_MAX: not known */
};

#define DISTRIBUTION_PARTS 2

/* The source of percentiles, of --hist, and of one metric. */
struct distribution {
	const char *parts[DISTRIBUTION_PARTS]; /* their names; NULL: it is one */
	const char *none;		       /* shown instead of bars if there is no sample */
	struct histogram (*get)(const void *row);
};

/* Room for a text that is composed: it lasts as long as this does. */
struct text_buffer {
	char text[160];
};

/* One of get, compose and distribution is set: see metric__get(). */
struct metric {
	enum metric_kind kind;
	const char *key;    /* in JSON; carries the unit. NULL: not there */
	const char *header; /* of the column. NULL: JSON only */
	enum unit unit;
	unsigned int usual; /* bits of enum group_by: shown without being asked for; or WIDE() */
	const char *help;
	const char *label; /* METRIC_LABEL: its name in OpenMetrics; NULL: not there */
	struct value (*get)(const void *row);
	struct value (*total)(const void *row); /* METRIC_COUNTER */
	struct value (*compose)(const void *row, struct text_buffer *buffer);
	const struct distribution *distribution;
	unsigned int permille; /* METRIC_DERIVED: that percentile of it; 1000: the longest */
};

struct metric_table {
	const struct metric *metrics;
	size_t count;
};

#define COLUMNS_MAX 48

struct columns {
	const struct metric *list[COLUMNS_MAX];
	bool spare[COLUMNS_MAX]; /* shown if all others have room */
	size_t count;
};

/* Not for a METRIC_DISTRIBUTION. A text may be in the buffer, or belong to the row. */
struct value metric__get(const struct metric *metric, const void *row, struct text_buffer *buffer);

/*
 * By header, with or without % at its ends, or key; case is ignored. NULL: none such, or it is
 * a distribution.
 */
const struct metric *metric__find(const struct metric_table *table, const char *name);

/* Adds one. Returns 0, or -EINVAL after one line on standard error: there are too many. */
int columns__add(struct columns *columns, const struct metric *metric, bool spare);

/* The same, behind the texts at the front. */
int columns__insert(struct columns *columns, const struct metric *metric);

/*
 * The columns to show: the default ones of a grouping; or list ("A,B"); or both ("+A,B"). Returns
 * 0, or -EINVAL after one line on standard error.
 */
int columns__select(struct columns *columns, const struct metric_table *table, unsigned int by,
		    const char *list);

/* Orders count rows, size bytes apart, by a metric: greatest first, text by letter, n/a last. */
void metric__sort(const struct metric *metric, void *rows, size_t count, size_t size);

/* Prints each column and what it means. */
void metric__print_help(const struct metric_table *table);

#endif
