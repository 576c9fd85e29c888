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

/* The same for a function of an executable; 0, too, where that cannot be read. */
size_t vmm_entry__find(const char *path, const char *function);

#endif
