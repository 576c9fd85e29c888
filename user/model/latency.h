/* SPDX-License-Identifier: GPL-2.0-only */
/* How long requests took in one layer: a monotonic counter with its distribution. */
#ifndef KVMQ_LATENCY_H
#define KVMQ_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/hist.h"

/* Grows only. */
struct latency {
	uint64_t count;
	uint64_t sum_ns;
	uint32_t hist[HIST_BUCKETS]; /* modulo 2^32 */
};

/* Adds what latency counts to sum. */
void latency__add(struct latency *sum, const struct latency *latency);

/* after - before into out, which may be one of them. before NULL: after since it began. */
void latency__subtract(struct latency *out, const struct latency *after,
		       const struct latency *before);

/* Mean in ns; 0 without a request. */
uint64_t latency__mean(const struct latency *latency);

#endif
