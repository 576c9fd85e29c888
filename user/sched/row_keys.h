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

/* One of zeros is empty. */
struct row_keys {
	LIST(struct row_key);
	enum group_by by;
	const struct snapshot *after;
	/* Of the VM that was asked for last: most threads stand by VM. NULL: none has a row. */
	const struct row_key *last;
	uint64_t last_start_ns; /* 0: none was asked for */
	uint32_t last_pid;
};

/*
 * Takes a key for each of rows, which are made of after, and orders them. Returns 0 or -ENOMEM. The
 * keys own memory: row_keys__free().
 */
int row_keys__fill(struct row_keys *keys, const struct rows *rows, enum group_by by,
		   const struct snapshot *after);

/* The row of a thread of the snapshot: its own, or that of its VM. False: there is none. */
bool row_keys__find(struct row_keys *keys, const struct identity *thread, size_t *row);

void row_keys__free(struct row_keys *keys);

#endif
