/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_TOP_BATCH_H
#define KVMQ_TOP_BATCH_H

#include "cli/tool.h"

/* kvmq-top --batch: a line for each figure, or with --pdh one for each interval. */
extern const struct report_ops top_batch;

#endif
