/* SPDX-License-Identifier: GPL-2.0-only */
/* Figures of log-linear histograms (bpf/hist.h) of one or more parts. */
#ifndef KVMQ_BUCKETS_H
#define KVMQ_BUCKETS_H

#include <stdint.h>

#include "bpf/hist.h"

/* The middle of a bucket in ns: within 6.25 % of all in it, from 512 ns up. */
uint64_t bucket_middle(uint32_t bucket);

/*
 * What permille of all parts' durations do not exceed, in ns: the middle of its
 * bucket, but no more than max_ns. 0 if there was none.
 */
uint64_t buckets__percentile(const uint32_t (*parts)[HIST_BUCKETS], int count,
			     unsigned int permille, uint64_t max_ns);

#endif
