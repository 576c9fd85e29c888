/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a uprobe in a function costs least. */
#ifndef KVMQ_VMM_ENTRY_H
#define KVMQ_VMM_ENTRY_H

#include <stddef.h>
#include <stdint.h>

/*
 * How far into a function the arguments are still in their registers and the next instruction is a
 * jump. The kernel emulates a jump; most other instructions are single-stepped, with a second trap.
 * code is the beginning of the function. 0: at its beginning.
 */
size_t vmm_entry__offset(const uint8_t *code, size_t size);

/*
 * The same for a function of an executable: *place is its place in the file. Returns 0 or -errno:
 * -ENOENT, it is not exported; -ENOEXEC, the file is no executable; -E2BIG, its tables are larger
 * than any VMM's, and are not read.
 */
int vmm_entry__find(const char *path, const char *function, uint64_t *place);

#endif
