/* SPDX-License-Identifier: GPL-2.0-only */
/* How entries of blame are made: for blame*.c only. */
#ifndef KVMQ_BLAME_INTERNAL_H
#define KVMQ_BLAME_INTERNAL_H

#include "sched/blame.h"

/* Offenders that have one name. */
struct blame_group {
	struct offender offender; /* what they have in common */
	size_t length;		  /* of its comm */
	const struct vm *vm;
	const char *who; /* NULL: not made yet */
	uint32_t order;	 /* among all of them */
};

/* Of a row and a group. */
struct blame_sum {
	uint64_t ns, total_ns;
	uint32_t row, group;
	uint32_t tid; /* of the first one */
};

static inline int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

#define GOLDEN_RATIO 0x9e3779b97f4a7c15ULL /* 2^64 by it; odd */

/* An odd number's multiples are spread well: a hash of all bits. */
static inline uint32_t mix(uint64_t hash)
{
	return (uint32_t)((hash * GOLDEN_RATIO) >> 32);
}

/* Empties them; there is room for some then. 0 or -ENOMEM. */
int blame_places__clear(struct blame_places *places);

/*
 * Puts the last of count things there, which may move all; of each two places, one stays free. 0
 * or -ENOMEM.
 */
int blame_places__add(struct blame_places *places, size_t count, const struct blame_list *blame,
		      uint32_t (*hash_of)(const struct blame_list *blame, size_t thing));

/*
 * The hash of offenders is a polynomial in a number that is drawn once for a list: who names
 * processes must not know which names have the same place.
 */
void blame_groups__draw_key(struct blame_list *blame);

/* The group of an offender, made if there is none. 0 or -ENOMEM. */
int blame_groups__find(struct blame_list *blame, const struct offender *offender,
		       const struct snapshot *after, uint32_t *number);

/* When all are there: VMs, names, and order. 0 or -ENOMEM. */
int blame_groups__finish(struct blame_list *blame, const struct snapshot *after);

/* 0, 1, 2... 0 or -ENOMEM. */
int blame_order__begin(struct blame_list *blame, size_t count);

/* Orders some of these numbers. */
void blame_order__sort(struct blame_list *blame, size_t begin, size_t end,
		       int (*compare)(const void *left, const void *right, void *blame));

#endif
