/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmq-cpu shows of two views, wherever these come from. */
#ifndef KVMQ_CPU_REPORT_H
#define KVMQ_CPU_REPORT_H

#include "cli/tool.h"

extern const struct report_ops cpu_report;

#endif
