/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_WHY_REPORT_H
#define KVMQ_WHY_REPORT_H

#include "cli/tool.h"

/* What kvmq-why shows of two views. */
extern const struct report_ops why_report;

#endif
