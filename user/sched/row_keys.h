/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the row of a thread, for lists beside the rows of a snapshot. */
#ifndef KVMQ_ROW_KEYS_H
#define KVMQ_ROW_KEYS_H

#include "sched/rows.h"

/* A thread's id, or a VM's start and PID. */
struct row_key {
	uint64_t id;
	uint32_t vm_pid;
	size_t row;
};

/* Fills in a key for each of rows, and orders them. */
void row_keys__fill(struct row_key *keys, const struct rows *rows, enum group_by by);

/*
 * The place of a thread's row among count keys: its own row, or that of its VM. NULL: there is
 * none.
 */
const struct row_key *row_keys__find(const struct row_key *keys, size_t count, enum group_by by,
				     const struct snapshot *after, const struct identity *thread);

#endif
