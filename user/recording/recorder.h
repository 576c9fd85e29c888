/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes moments to a file: what a set describes is recorded, and nothing else. Each moment is one
 * transaction. After a crash at most the moment in progress is missing; after a loss of power,
 * those since the last checkpoint (512 pages, some seconds to minutes). No moment is ever half
 * there.
 */
#ifndef KVMQ_RECORDER_H
#define KVMQ_RECORDER_H

#include "recording/info.h"

struct recorder;

/*
 * Makes the file, or begins another run in a recording by the same tool; any other file is refused
 * and left alone. Privileges are not needed afterwards. Ignore SIGXFSZ before. recorder__close()
 * it. -errno after one line.
 */
int recorder__open(struct recorder **result, const char *path, const struct recording_info *info);

/*
 * Adds a moment; its lists need no order. -errno after one line; from then on it writes nothing,
 * and returns the same -errno without a line: the tool goes on.
 */
int recorder__write(struct recorder *recorder, const void *view);

/* Leaves one file, without "-wal" and "-shm", unless somebody reads it. Accepts NULL. */
void recorder__close(struct recorder *recorder);

#endif
