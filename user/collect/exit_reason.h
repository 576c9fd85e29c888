/* SPDX-License-Identifier: GPL-2.0-only */
/* What exit codes are called. */
#ifndef KVMQ_EXIT_REASON_H
#define KVMQ_EXIT_REASON_H

#include <stddef.h>

#include "collect/exits.h"

#define EXIT_REASON_SIZE 32

/*
 * Writes the kernel's own name of an exit code, as perf and trace-cmd show it ("npf",
 * "EPT_VIOLATION"), or the code itself ("0x8f") if it has none; "other" for
 * EXIT_CODE_OTHER.
 */
void exit_reason__name(char name[EXIT_REASON_SIZE], enum exit_isa isa, uint32_t code);

#endif
