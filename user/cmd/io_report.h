/* SPDX-License-Identifier: GPL-2.0-only */
/* What kvmq-io shows of two views, wherever these come from. */
#ifndef KVMQ_IO_REPORT_H
#define KVMQ_IO_REPORT_H

#include "cli/tool.h"

extern const struct report_ops io_report;

#endif
