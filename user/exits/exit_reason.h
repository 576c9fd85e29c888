/* SPDX-License-Identifier: GPL-2.0-only */
/* What exit codes are called. */
#ifndef KVMQ_EXIT_REASON_H
#define KVMQ_EXIT_REASON_H

#include <stddef.h>

#include "model/exits.h"

#define EXIT_REASON_SIZE 32

/*
 * Writes the kernel's name of an exit code, as perf and trace-cmd show it ("npf",
 * "EPT_VIOLATION"), or the code itself ("0x9") if it has none; "other" for
 * EXIT_CODE_OTHER. The names do not depend on the machine that kvmq is built or runs on.
 */
void exit_reason__name(char name[EXIT_REASON_SIZE], enum exit_isa isa, uint32_t code);

#endif
