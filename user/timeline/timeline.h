/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every thread did, as a file that ui.perfetto.dev opens: the Chrome JSON trace format,
 * written as the states end. Each VM is a process with a track for each thread; the host is one
 * with a track for each CPU.
 */
#ifndef KVMQ_TIMELINE_H
#define KVMQ_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/host.h"
#include "model/snapshot.h"
#include "model/state_change.h"

#define TIMELINE_LIMIT (256ULL << 20) /* bytes of a file, by default */

struct timeline;

/* Finds the VM of a thread, as snapshot__vm_of() does; NULL: no VM is known. */
typedef const struct vm *find_vm_fn(void *context, const struct identity *thread);

/*
 * Makes or overwrites the file at path, which grows to limit bytes at most; at
 * least 64 KiB. path and host are borrowed; find is called until timeline__close(). Returns 0, or
 * -errno after one line on standard error. Ends with timeline__close().
 */
int timeline__open(struct timeline **out, const char *path, uint64_t limit, const struct host *host,
		   find_vm_fn *find, void *context);

/*
 * The trace begins at the end of this snapshot; earlier changes are not drawn. To be called once.
 */
void timeline__begin(struct timeline *timeline, const struct snapshot *first);

/* Draws a state that has ended. A state that is missing before it becomes "lost". */
void timeline__change(struct timeline *timeline, const struct state_change *change);

/*
 * Frees what is known of threads whose exits were drawn. Not to be called between the reading of
 * the last snapshot and timeline__close(): that snapshot may hold them as they were before.
 */
void timeline__forget_exited(struct timeline *timeline);

/* How many slices were left out so far because the file was full. */
uint64_t timeline__left_out(const struct timeline *timeline);

/* Returns 0, or -errno after one line: the file cannot be written. */
int timeline__check(struct timeline *timeline);

/*
 * Draws the present states of the last snapshot (NULL, or not begun: nothing), says what is missing
 * (lost is the number of changes that never came), and ends the file. Returns 0, or -errno after
 * one line. Frees timeline, which may be NULL.
 */
int timeline__close(struct timeline *timeline, const struct snapshot *last, uint64_t lost);

#endif
