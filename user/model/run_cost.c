// SPDX-License-Identifier: GPL-2.0-only
#include "model/run_cost.h"

#define SAMPLES_MIN 16

uint64_t run_meter__take(struct run_meter *meter, const struct run_cost *cost, uint64_t extra_ps)
{
	const struct run_cost *seen = &meter->seen;
	uint64_t runs = cost->runs - seen->runs;
	uint64_t samples = cost->samples - seen->samples;
	uint64_t sample_ns = cost->sample_ns - seen->sample_ns;
	double run_ns = (double)extra_ps / 1000.0;

	if (samples < SAMPLES_MIN) {
		samples = cost->samples;
		sample_ns = cost->sample_ns;
	}
	if (samples)
		run_ns += (double)sample_ns / (double)samples;
	meter->ns += (uint64_t)((double)runs * run_ns);
	meter->seen = *cost;
	return meter->ns;
}
