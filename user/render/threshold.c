// SPDX-License-Identifier: GPL-2.0-only
#include "render/threshold.h"

#include <string.h>

#define MS 1000000ULL

/* The manual pages say where each is from: doc/kvmq-cpu.8, kvmq-numa.8 and kvmq-io.8, "Marks". */
static const struct threshold thresholds[] = {
	{ "ready_pct", 5000, 10000, false }, /* a vCPU; of a VM, the average one */
	{ "worst_ready_pct", 5000, 10000, false },
	{ "ready_throttled_pct", 1, 0, false }, /* %MLMTD */
	{ "hazard_pct", 3000, 0, false },	/* %CSTP */
	{ "memory_local_pct", 80000, 0, true }, /* N%L */
	{ "thr_mean_ns", 500, 0, false },	/* as soon as it is shown as more than 0 */
	{ "q_mean_ns", 5 * MS, 0, false },	/* KAVG, which it is a part of */
	{ "kavg_mean_ns", 5 * MS, 0, false },
	{ "d_mean_ns", 25 * MS, 0, false }, /* DAVG */
};

const struct threshold *threshold__find(const struct metric *metric)
{
	for (size_t i = 0; metric->key && i < sizeof(thresholds) / sizeof(thresholds[0]); i++)
		if (!strcmp(thresholds[i].key, metric->key))
			return &thresholds[i];
	return NULL;
}

enum mark threshold__mark(const struct threshold *threshold, struct value value)
{
	if (!threshold || !value.known)
		return MARK_NONE;
	if (threshold->below)
		return value.number < threshold->look ? MARK_LOOK : MARK_NONE;
	if (threshold->act && value.number >= threshold->act)
		return MARK_ACT;
	return value.number >= threshold->look ? MARK_LOOK : MARK_NONE;
}

char mark__sign(enum mark mark)
{
	static const char signs[] = { [MARK_LOOK] = '?', [MARK_ACT] = '!' };

	return signs[mark];
}
