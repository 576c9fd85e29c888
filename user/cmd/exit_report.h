/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmq-exit shows of two views, wherever these come from. */
#ifndef KVMQ_EXIT_REPORT_H
#define KVMQ_EXIT_REPORT_H

#include "cli/tool.h"

extern const struct report_ops exit_report;

#endif
