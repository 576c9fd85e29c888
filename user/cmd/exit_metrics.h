/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_EXIT_METRICS_H
#define KVMQ_EXIT_METRICS_H

#include "render/metric.h"

/*
 * The figures of kvmq-exit; their rows are struct exit_row. Who a row is, and what it
 * does off the CPU, are kvmq-cpu's own metrics. The table is made at the first call.
 */
const struct metric_table *exit_metrics(void);

/* The figures of a row's exits by reason; their rows are struct reason_row pointers. */
extern const struct metric_table reason_metrics;

#endif
