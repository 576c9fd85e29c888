/* SPDX-License-Identifier: GPL-2.0-only */
/* What --blame shows of each pair of victim and offender; a row is a blame_entry. */
#ifndef KVMQ_BLAME_METRICS_H
#define KVMQ_BLAME_METRICS_H

#include "render/metric.h"

extern const struct metric_table blame_metrics;

#endif
