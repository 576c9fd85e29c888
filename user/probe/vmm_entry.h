/* SPDX-License-Identifier: GPL-2.0-only */
/* Where in a function a uprobe costs least. */
#ifndef KVMQ_VMM_ENTRY_H
#define KVMQ_VMM_ENTRY_H

#include <stddef.h>
#include <stdint.h>

/*
 * How far into a function its arguments are still in their registers and the next instruction is
 * a jump. The kernel emulates a jump; most others it steps through, with a second trap. code is
 * what the function begins with. 0: at its beginning.
 */
size_t vmm_entry__offset(const uint8_t *code, size_t size);

/*
 * The same for a function of an executable: *place is where in the file. Returns 0 or -errno:
 * -ENOENT, it does not export it; -ENOEXEC, it is none; -E2BIG, its tables are larger than any
 * VMM's, and are not read.
 */
int vmm_entry__find(const char *path, const char *function, uint64_t *place);

#endif
