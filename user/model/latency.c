// SPDX-License-Identifier: GPL-2.0-only
#include "model/latency.h"

void latency__add(struct latency *sum, const struct latency *latency)
{
	sum->count += latency->count;
	sum->sum_ns += latency->sum_ns;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		sum->hist[i] += latency->hist[i];
}

void latency__subtract(struct latency *out, const struct latency *after,
		       const struct latency *before)
{
	static const struct latency none;
	uint64_t count, counted = 0;

	if (!before)
		before = &none;
	count = after->count - before->count;
	out->sum_ns = after->sum_ns - before->sum_ns;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		out->hist[i] = after->hist[i] - before->hist[i];
		counted += out->hist[i];
	}
	/* If the count was made from the buckets, it goes down when one of them wraps around. */
	out->count = counted ? counted : count;
}

uint64_t latency__mean(const struct latency *latency)
{
	return latency->count ? latency->sum_ns / latency->count : 0;
}
