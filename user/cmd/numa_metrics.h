/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_NUMA_METRICS_H
#define KVMQ_NUMA_METRICS_H

#include <jansson.h>

#include "numa/numa_rows.h"
#include "render/metric.h"

/* The figures of kvmq-numa; their rows are struct numa_row. */
extern const struct metric_table numa_metrics;

/* Adds what is no single figure: a value for each node. */
void numa_metrics__add_nodes(json_t *object, const struct numa_row *row);

#endif
