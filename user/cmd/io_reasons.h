/* SPDX-License-Identifier: GPL-2.0-only */
/* Below kvmq-io's table: why a figure is n/a, and what to do about it. */
#ifndef KVMQ_IO_REASONS_H
#define KVMQ_IO_REASONS_H

#include <stdio.h>

#include "io/io_rows.h"

/* Prints an empty line, and one for each reason, with its disks. 0 or -ENOMEM. */
int io_reasons__print(FILE *file, const struct io_rows *rows, const struct io_view *view);

#endif
