/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_IO_METRICS_H
#define KVMQ_IO_METRICS_H

#include "io/io_rows.h"
#include "render/metric.h"

/* The figures of kvmq-io; their rows are struct io_row. */
extern const struct metric_table io_metrics;

#endif
