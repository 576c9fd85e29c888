/* SPDX-License-Identifier: GPL-2.0-only */
/* Which QEMU an executable is, and what its own numbers mean. */
#ifndef KVMQ_QEMU_VERSION_H
#define KVMQ_QEMU_VERSION_H

#include <stdbool.h>
#include <stdint.h>

#include "model/io.h"

/* To compare versions with. */
#define QEMU_VERSION(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor))

/*
 * Searches an executable for the text in which QEMU gives its version; it is not run. Only the
 * first 64 MiB are read, of a plain file. Returns 0 or -errno; -ENOENT: there is no such text.
 */
int qemu_version__read(const char *path, uint32_t *version);

/*
 * What kind of request a type of QEMU's block accounting (enum BlockAcctType) is. IO_OTHER: the
 * version does not tell, or is not known (0). False: QEMU does not count such a request.
 */
bool qemu_version__op(uint32_t version, uint32_t type, enum io_op *op);

#endif
