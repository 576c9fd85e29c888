/* SPDX-License-Identifier: GPL-2.0-only */
/* A connection to QEMU's monitor: QMP over a Unix socket. Nothing in it blocks for long. */
#ifndef KVMQ_QMP_H
#define KVMQ_QMP_H

#include <jansson.h>
#include <stdint.h>

struct qmp;

/*
 * Connects to a socket and negotiates. An answer that takes longer than timeout_ms, is
 * over 4 MiB or has more than 65,536 values in it ends the connection. Returns 0 or -errno; *out
 * ends with qmp__close(), which takes NULL.
 */
int qmp__open(struct qmp **out, const char *path, unsigned int timeout_ms);
void qmp__close(struct qmp *qmp);

/* From now on everything that is executed has to be answered within this time, all together. */
void qmp__limit(struct qmp *qmp, unsigned int total_ms);

/*
 * Executes a command; arguments (a reference of the callee, or NULL). Events that come
 * meanwhile are thrown away. Returns the value of "return", a new reference, or NULL with
 * errno: EPROTO (the answer is none), EOPNOTSUPP (QEMU said error), ETIMEDOUT, EPIPE, EINTR (the
 * tool is to end).
 */
json_t *qmp__execute(struct qmp *qmp, const char *command, json_t *arguments);

/* Of QEMU, as its greeting says; 0: it does not. */
#define QMP_VERSION(major, minor) ((major)*1000U + (minor))
unsigned int qmp__version(const struct qmp *qmp);

/* PID of the process at the other end (SO_PEERCRED), or 0. */
uint32_t qmp__peer(const struct qmp *qmp);

#endif
