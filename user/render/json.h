/* SPDX-License-Identifier: GPL-2.0-only */
/* Metrics as JSON, one object a line. */
#ifndef KVMQ_JSON_H
#define KVMQ_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "render/metric.h"

/* A string, in the form of text_escape(); null if text is NULL. A new reference. */
json_t *json__text(const char *text);

/* A figure of a row, n/a as null. A new reference. */
json_t *json__metric(const struct metric *metric, const void *row);

/*
 * A flat object of all metrics that have a key, and "total" with those that
 * have a counter. n/a is null. Returns a new reference, or NULL: no memory.
 */
json_t *json__row(const struct metric_table *table, const void *row);

/*
 * Writes any value, with an escape for each character that is not harmless, since JSON may be read
 * on a terminal. Returns 0, -EIO, or -ENOMEM: memory was short when it was made.
 */
int json__write(FILE *file, const json_t *value);

/*
 * One line: an object whose last member, "rows", is written row by row. All rows of a large host at
 * once would take hundreds of MiB. References are dropped. A row that is NULL, for want of memory,
 * is an error. end() returns the first error: 0, -ENOMEM or -EIO.
 */
struct json_rows {
	FILE *file;
	size_t count;
	int error;
};

void json_rows__begin(struct json_rows *rows, FILE *file, json_t *object);
void json_rows__add(struct json_rows *rows, json_t *row);
int json_rows__end(struct json_rows *rows);

/* Writes an object as one line and drops the reference. Returns 0, -ENOMEM or -EIO. */
int json__print(FILE *file, json_t *object);

#endif
