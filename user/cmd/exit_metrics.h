/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_EXIT_METRICS_H
#define KVMQ_EXIT_METRICS_H

#include "render/metric.h"

/* The figures of kvmq-exit; their rows are struct exit_row. */
extern const struct metric_table exit_metrics;

/* The figures of a row's exits by reason; their rows are struct reason_row pointers. */
extern const struct metric_table reason_metrics;

/* How long a reason's exits were handled. */
extern const struct distribution reason_handling;

#endif
