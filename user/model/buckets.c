// SPDX-License-Identifier: GPL-2.0-only
#include "model/buckets.h"

uint64_t bucket_middle(uint32_t bucket)
{
	return (hist_lower(bucket) + hist_lower(bucket + 1)) / 2;
}

uint64_t buckets__percentile(const uint32_t (*parts)[HIST_BUCKETS], int count,
			     unsigned int permille, uint64_t max_ns)
{
	uint64_t total = 0, seen = 0, rank;

	for (int part = 0; part < count; part++)
		for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++)
			total += parts[part][bucket];
	if (!total)
		return 0;
	rank = (total * permille + 999) / 1000;
	for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++) {
		for (int part = 0; part < count; part++)
			seen += parts[part][bucket];
		if (seen >= rank && seen)
			return bucket_middle(bucket) < max_ns ? bucket_middle(bucket) : max_ns;
	}
	return max_ns;
}
