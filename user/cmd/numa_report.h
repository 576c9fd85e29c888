/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmq-numa shows of two views, wherever these come from. */
#ifndef KVMQ_NUMA_REPORT_H
#define KVMQ_NUMA_REPORT_H

#include "cli/tool.h"

extern const struct report_ops numa_report;

#endif
