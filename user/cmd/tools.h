/* SPDX-License-Identifier: GPL-2.0-only */
/* The tools of kvmq: what each says of itself, and which options it takes. */
#ifndef KVMQ_TOOLS_H
#define KVMQ_TOOLS_H

#include "cli/options.h"

extern const struct tool cpu_tool, exit_tool, numa_tool, io_tool, doctor_tool, top_tool, why_tool;
extern const struct tool diff_tool, report_tool;

#endif
