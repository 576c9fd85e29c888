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
 * Searches an executable for the text that QEMU says its version with; it is not run. Only the
 * first 64 MiB are read, of a plain file. Returns 0 or -errno; -ENOENT: there is no such text.
 */
int qemu_version__read(const char *path, uint32_t *version);

/*
 * What kind of request a type of QEMU's block accounting is (enum BlockAcctType); IO_OTHER where
 * the version, 0 if it is not known, does not tell. False: QEMU does not count such a request.
 */
bool qemu_version__op(uint32_t version, uint32_t type, enum io_op *op);

#endif
