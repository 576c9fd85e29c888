/* SPDX-License-Identifier: GPL-2.0-only */
/* Which row a vCPU belongs to, for what stands beside the rows of a snapshot. */
#ifndef KVMQ_ROW_KEYS_H
#define KVMQ_ROW_KEYS_H

#include "sched/rows.h"

struct row_key {
	uint64_t key;
	size_t row;
};

/* Fills in a key for each of rows, and orders them. */
void row_keys__fill(struct row_key *keys, const struct rows *rows, enum group_by by);

/* The key of a vCPU's row: its own, or that of its VM. */
uint64_t row_keys__of(enum group_by by, const struct vm *vm, uint64_t id);

/* The key's place among count of them, or NULL. */
const struct row_key *row_keys__find(const struct row_key *keys, size_t count, uint64_t key);

#endif
