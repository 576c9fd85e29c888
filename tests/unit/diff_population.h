/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs out of a population that is known: logarithms are normal, as times and rates mostly are. */
#ifndef DIFF_POPULATION_H
#define DIFF_POPULATION_H

#include <math.h>
#include <stdint.h>

#include "diff/compare.h"

/* From 0 on, below 1: the same numbers each time (splitmix64, Steele 2014). */
static double population_draw(uint64_t *seed)
{
	uint64_t z = (*seed += 0x9e3779b97f4a7c15ULL);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

/* A run of a population with this median and CV (Box and Muller 1958). */
static double population_run(uint64_t *seed, double median, double cv)
{
	double radius = sqrt(-2 * log(1 - population_draw(seed)));
	double angle = 2 * M_PI * population_draw(seed);

	return median * exp(sqrt(log1p(cv * cv)) * radius * cos(angle));
}

/* n runs a side, B's (1 + effect) times as large. Paired, what a pair has in common varies more. */
static void population_fill(struct figure_runs *runs, uint64_t *seed, size_t n, double effect,
			    double cv)
{
	runs->a_count = runs->b_count = n;
	for (size_t i = 0; i < n; i++) {
		double block = runs->paired ? population_run(seed, 1, 0.3) : 1;

		runs->a[i] = population_run(seed, 1e6 * block, cv);
		runs->b[i] = population_run(seed, 1e6 * block * (1 + effect), cv);
	}
}

#endif
