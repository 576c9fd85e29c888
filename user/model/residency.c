// SPDX-License-Identifier: GPL-2.0-only
#include "model/residency.h"

uint64_t residency__total(const struct residency *residency)
{
	uint64_t total = 0;

	for (int node = 0; node < NODES_MAX; node++)
		total += residency->bytes[node];
	return total;
}

const char *residency_source__name(enum residency_source source)
{
	static const char *const names[] = {
		[RESIDENCY_MAPS] = "maps",
		[RESIDENCY_CGROUP] = "cgroup",
		[RESIDENCY_SAMPLE] = "sample",
	};

	return names[source];
}
