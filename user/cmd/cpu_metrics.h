/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_CPU_METRICS_H
#define KVMQ_CPU_METRICS_H

#include "render/metric.h"

/* The figures of kvmq-cpu; their rows are struct row. */
extern const struct metric_table cpu_metrics;

/* How long a row's waits were. */
extern const struct distribution cpu_waits;

#endif
