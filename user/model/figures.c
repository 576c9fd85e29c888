// SPDX-License-Identifier: GPL-2.0-only
#include "model/figures.h"

uint64_t figures__ready(const struct figures *figures)
{
	return figures->ready_ns[CAUSE_WAKE] + figures->ready_ns[CAUSE_PREEMPT] +
	       figures->throttled_ns;
}

uint64_t figures__waits(const struct figures *figures)
{
	return figures->waits[CAUSE_WAKE] + figures->waits[CAUSE_PREEMPT];
}

uint64_t figure__grown(uint64_t before, uint64_t after, uint64_t *shrunk)
{
	if (after >= before)
		return after - before;
	*shrunk += before - after;
	return 0;
}

void figure__take_off(uint64_t *figure, uint64_t *shrunk)
{
	uint64_t taken = *figure < *shrunk ? *figure : *shrunk;

	*figure -= taken;
	*shrunk -= taken;
}

void figures__add(struct figures *sum, const struct figures *figures)
{
	sum->elapsed_ns += figures->elapsed_ns;
	sum->run_ns += figures->run_ns;
	sum->halt_ns += figures->halt_ns;
	sum->block_ns += figures->block_ns;
	sum->ended_ns += figures->ended_ns;
	sum->throttled_ns += figures->throttled_ns;
	for (int cause = 0; cause < CAUSES; cause++) {
		sum->ready_ns[cause] += figures->ready_ns[cause];
		sum->waits[cause] += figures->waits[cause];
	}
	if (figures->max_ns > sum->max_ns)
		sum->max_ns = figures->max_ns;
}
