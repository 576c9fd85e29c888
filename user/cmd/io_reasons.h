/* SPDX-License-Identifier: GPL-2.0-only */
/* Below kvmq-io's table: why a figure is n/a, and what to do about it. */
#ifndef KVMQ_IO_REASONS_H
#define KVMQ_IO_REASONS_H

#include <stdio.h>

#include "cmd/io_report.h"

/* An empty line, and one for each reason, with the disks that it holds for. */
void io_reasons__print(const struct io_report *report, FILE *file, const struct io_view *after);

#endif
