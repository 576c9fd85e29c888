/* SPDX-License-Identifier: GPL-2.0-only */
/* What --blame shows of each pair of victim and offender; a row is a blame_entry. */
#ifndef KVMQ_BLAME_METRICS_H
#define KVMQ_BLAME_METRICS_H

#include "render/metric.h"
#include "sched/blame.h"

extern const struct metric_table blame_metrics;

/* The offender in a few words: its name, or what it is if it has none or is the victim's own. */
const char *blame_entry__label(const struct blame_entry *entry);

#endif
