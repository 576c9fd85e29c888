/* SPDX-License-Identifier: GPL-2.0-only */
/* Figures of log-linear histograms (bpf/hist.h) of one or more parts. */
#ifndef KVMQ_BUCKETS_H
#define KVMQ_BUCKETS_H

#include <stdint.h>

#include "bpf/hist.h"

/* The middle of a bucket in ns: from 512 ns up, within 6.25 % of each value in it. */
uint64_t bucket_middle(uint32_t bucket);

/*
 * The percentile, in permille, of the durations of all parts, in ns: the middle of its bucket, but
 * at most max_ns. 0 if there were no durations.
 */
uint64_t buckets__percentile(const uint32_t (*parts)[HIST_BUCKETS], int count,
			     unsigned int permille, uint64_t max_ns);

#endif
