/* SPDX-License-Identifier: GPL-2.0-only */
/* Metrics as JSON, one object a line. */
#ifndef KVMQ_JSON_H
#define KVMQ_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "render/metric.h"

/* A string, or null: text is NULL, or no UTF-8, which JSON cannot hold. */
json_t *json__text(const char *text);

/*
 * A flat object of all metrics that have a key, and "total" with those that
 * have a counter. n/a is null. Returns a new reference, or NULL: no memory.
 */
json_t *json__row(const struct metric_table *table, const void *row);

/* Writes an object as one line and drops the reference. Returns 0 or -EIO. */
int json__print(FILE *file, json_t *object);

#endif
