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
	UNIT_BYTES_AS_MIB, /* bytes; shown in MiB */
	UNIT_BYTES_PER_S,  /* bytes per second; shown in MiB with a fraction */
};

struct value {
	bool known; /* false: n/a, never 0 */
	uint64_t number;
	const char *text; /* UNIT_TEXT */
	bool blank;	  /* where it is not known, nothing is shown instead of n/a */
};

/* Bits of enum group_by: shown without being asked for, if the terminal has room. */
#define WIDE(bits) ((bits) << 16)

struct metric {
	const char *key;    /* in JSON; carries the unit. NULL: not there */
	const char *header; /* of the column. NULL: JSON only */
	enum unit unit;
	unsigned int usual; /* bits of enum group_by: shown without being asked for; or WIDE() */
	const char *help;
	struct value (*get)(const void *row);
	struct value (*total)(const void *row); /* the counter behind it, or NULL */
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

/* By header, with or without % at its ends, or key; case is ignored. NULL: none such. */
const struct metric *metric__find(const struct metric_table *table, const char *name);

/* Adds one. Returns 0, or -EINVAL after one line on standard error: there are too many. */
int columns__add(struct columns *columns, const struct metric *metric, bool spare);

/* The same, behind the texts that stand first. */
int columns__insert(struct columns *columns, const struct metric *metric);

/*
 * The columns to show: the usual ones of a grouping, or list ("A,B"), or both
 * ("+A,B"). Returns 0, or -EINVAL after one line on standard error.
 */
int columns__select(struct columns *columns, const struct metric_table *table, unsigned int by,
		    const char *list);

/* Orders count rows, size bytes apart, by a metric: greatest first, text by letter, n/a last. */
void metric__sort(const struct metric *metric, void *rows, size_t count, size_t size);

/* Prints each column and what it means. */
void metric__print_help(const struct metric_table *table);

#endif
