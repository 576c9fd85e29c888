/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps moments in a file: what a set describes, and nothing else, is kept. One transaction a
 * moment, so that after a crash at most the one in progress is missing; after a loss of power,
 * those since the last checkpoint (512 pages, some seconds to minutes), but never half of one.
 */
#ifndef KVMQ_RECORDER_H
#define KVMQ_RECORDER_H

#include "recording/info.h"

struct recorder;

/*
 * Makes the file, or begins another run in a recording by the same tool; all else that is there
 * is refused and left alone. Privileges are not needed any more then. Ignore SIGXFSZ before.
 * recorder__close() it. -errno after one line.
 */
int recorder__open(struct recorder **result, const char *path, const struct recording_info *info);

/*
 * Adds a moment; its lists need no order. -errno after one line; from then on nothing is written
 * any more, and the same -errno returned without a line: the tool goes on.
 */
int recorder__write(struct recorder *recorder, const void *view);

/* Leaves one file, without "-wal" and "-shm", unless somebody reads it. Accepts NULL. */
void recorder__close(struct recorder *recorder);

#endif
