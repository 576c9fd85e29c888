/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Log-linear buckets of nanoseconds, the same code in BPF and in user space.
 *
 * Each power of two is split into 8 buckets of equal width, so a bucket is at
 * most 1/8 of its lower bound wide, and its middle is within 1/16 = 6.25 % of
 * every value in it. That holds from 512 ns up; below, buckets are 64 ns wide.
 * The last bucket also takes everything of 2^37 ns (137 s) and longer.
 */
#ifndef KVMQ_HIST_H
#define KVMQ_HIST_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define HIST_SUB_BITS 3
#define HIST_UNIT_BITS 6
#define HIST_MIN_BITS (HIST_SUB_BITS + HIST_UNIT_BITS)
#define HIST_MAX_BITS 37
#define HIST_SUB (1U << HIST_SUB_BITS)
#define HIST_BUCKETS ((HIST_MAX_BITS - HIST_MIN_BITS + 1) * HIST_SUB)

/* The position of the highest bit of a value that is not 0. No clz in BPF. */
static inline __attribute__((always_inline)) __u32 hist_log2(__u64 value)
{
	__u32 bit = 0;

	if (value >> 32) {
		value >>= 32;
		bit += 32;
	}
	if (value >> 16) {
		value >>= 16;
		bit += 16;
	}
	if (value >> 8) {
		value >>= 8;
		bit += 8;
	}
	if (value >> 4) {
		value >>= 4;
		bit += 4;
	}
	if (value >> 2) {
		value >>= 2;
		bit += 2;
	}
	return bit + (value >> 1);
}

/* The bucket of a time in ns: 0 to HIST_BUCKETS - 1. */
static inline __attribute__((always_inline)) __u32 hist_bucket(__u64 ns)
{
	__u32 bit;

	if (ns >> HIST_MAX_BITS)
		return HIST_BUCKETS - 1;
	if (!(ns >> HIST_MIN_BITS))
		return ns >> HIST_UNIT_BITS;
	bit = hist_log2(ns);
	return (bit - HIST_MIN_BITS + 1) * HIST_SUB +
	       ((ns >> (bit - HIST_SUB_BITS)) & (HIST_SUB - 1));
}

/* The smallest ns of a bucket; that of HIST_BUCKETS ends the last one. */
static inline __attribute__((always_inline)) __u64 hist_lower(__u32 bucket)
{
	__u32 octave = bucket / HIST_SUB;

	if (!octave)
		return (__u64)bucket << HIST_UNIT_BITS;
	return (__u64)(HIST_SUB + bucket % HIST_SUB) << (octave - 1 + HIST_UNIT_BITS);
}

#endif
