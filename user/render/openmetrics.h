/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures as text for Prometheus and those like it: OpenMetrics 1.0, or Prometheus' text format
 * 0.0.4, which lacks units, infos and the end. A family is a name with its samples, one for each
 * set of labels; they stand together, so a family is written once.
 */
#ifndef KVMQ_OPENMETRICS_H
#define KVMQ_OPENMETRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/list.h"

enum exposition_format {
	EXPOSITION_PROMETHEUS,
	EXPOSITION_OPENMETRICS,
	EXPOSITION_FORMATS,
};

/* Texts that grow. One of zeros is empty; failed: memory was short, and the text lacks something.
 */
struct growing_text {
	char *text; /* not ended by a NUL; NULL: empty */
	size_t size, capacity;
	bool failed;
};

/* Labels of a sample, as they stand between the braces. */
struct labels {
	struct growing_text of;
};

/*
 * Adds one. The value may be a stranger's: it becomes valid UTF-8 (text_escape()), and what the
 * formats give a meaning to is escaped. One without a value is left out, as it means the same.
 */
void labels__add(struct labels *labels, const char *name, const char *value);
void labels__add_number(struct labels *labels, const char *name, uint64_t value);

/* Takes back all that were added after the text had this size. */
void labels__cut(struct labels *labels, size_t size);
void labels__free(struct labels *labels);

enum family_type {
	FAMILY_COUNTER,
	FAMILY_GAUGE,
	FAMILY_HISTOGRAM,
	FAMILY_INFO, /* a gauge of 1, whose labels are what it says */
};

struct family {
	const char *name; /* without _total or _info; its unit is its end */
	const char *unit; /* NULL: none */
	enum family_type type;
	const char *help;
};

/* A bound of a histogram as it is written. */
struct exposition_bound {
	uint64_t ns;
	char text[40];
};

struct exposition {
	enum exposition_format format;
	struct growing_text of;
	/* Of the histogram that was written last, whose bounds most others have, too. */
	LIST(struct exposition_bound) bounds;
	const struct family *family; /* that is being written */
	bool headed;		     /* its first lines are */
	uint64_t series, max_series;
	uint64_t left_out; /* series beyond max_series */
};

/* Empties it and keeps its memory. */
void exposition__begin(struct exposition *exposition, enum exposition_format format,
		       uint64_t max_series);

/* The samples that follow are of this family. Without a sample, nothing is written of it. */
void exposition__family(struct exposition *exposition, const struct family *family);

/* A sample: value counts 10^-decimals. Labels may be NULL: none. */
void exposition__put(struct exposition *exposition, const struct labels *labels, uint64_t value,
		     unsigned int decimals);
void exposition__count(struct exposition *exposition, const struct labels *labels, uint64_t value);
void exposition__seconds(struct exposition *exposition, const struct labels *labels, uint64_t ns);

/* A share in 1/1000 %, as a ratio: 1 is all. */
void exposition__ratio(struct exposition *exposition, const struct labels *labels, uint64_t mpct);

/* Durations by how long they were. */
struct exposition_histogram {
	const uint64_t *bounds_ns; /* ascending */
	const uint64_t *counts;	   /* up to each bound, then one for those beyond the last */
	uint32_t bounds;
	uint64_t sum_ns;
};

/* All of its series, or none if there is no room for all. */
void exposition__histogram(struct exposition *exposition, const struct labels *labels,
			   const struct exposition_histogram *histogram);

/* The end of the text. Returns 0, or -ENOMEM: the text is not to be used. */
int exposition__end(struct exposition *exposition);
void exposition__free(struct exposition *exposition);

/* What HTTP calls the format. */
const char *exposition_format__content_type(enum exposition_format format);

#endif
