// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/diff_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

#define NEEDED_MAX 9999

/* Three digits that count, and never an exponent. */
static void put_number(char text[DIFF_CELL], double value, const char *unit)
{
	double size = fabs(value);
	int decimals = size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;

	snprintf(text, DIFF_CELL, "%.*f%s", decimals, value, unit);
}

void diff_words__value(char text[DIFF_CELL], double value, const char *unit)
{
	static const char *const times[] = { "ns", "us", "ms", "s" };
	static const char *const bytes[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	bool is_time = !strcmp(unit, "ns"), is_bytes = !strncmp(unit, "bytes", 5);
	const char *const *units = is_time ? times : bytes;
	size_t last = is_time ? 3 : 4, place = 0;
	double step = is_time ? 1000 : 1024;

	if (!is_time && !is_bytes) {
		put_number(text, value, !strcmp(unit, "%") ? "%" : "");
		return;
	}
	for (; fabs(value) >= step && place < last; place++)
		value /= step;
	put_number(text, value, units[place]);
}

void diff_words__interval(char text[DIFF_INTERVAL], const struct comparison *comparison,
			  const char *unit)
{
	const struct shift *shift = &comparison->shift;
	char low[DIFF_CELL], high[DIFF_CELL];

	if (!shift->bounded) {
		snprintf(text, DIFF_INTERVAL, "n/a");
		return;
	}
	if (comparison->is_ratio) {
		snprintf(text, DIFF_INTERVAL, "%.3f-%.3f", shift->low, shift->high);
		return;
	}
	diff_words__value(low, shift->low, unit);
	diff_words__value(high, shift->high, unit);
	snprintf(text, DIFF_INTERVAL, "%s..%s", low, high);
}

void diff_words__side(char *text, size_t size, const struct diff_report *report, enum side side)
{
	const struct diff_run *first = NULL;
	size_t left_out = 0;

	*text = '\0';
	for (size_t i = 0; i < report->runs->count; i++) {
		const struct diff_run *run = &report->runs->list[i];

		if (run->side != side)
			continue;
		first = first ? first : run;
		left_out += run->is_left_out;
	}
	if (!first)
		return;
	snprintf(text, size, "%c: %zu run%s of %.1f s, %s %s, %u VM%s, %u vCPU%s%s",
		 side == SIDE_A ? 'A' : 'B', report->table->runs[side],
		 report->table->runs[side] == 1 ? "" : "s", (double)first->length_ns / NSEC_PER_SEC,
		 first->host.name, first->host.kernel, first->vms, first->vms == 1 ? "" : "s",
		 first->vcpus, first->vcpus == 1 ? "" : "s", left_out ? "; some are left out" : "");
}

void diff_words__verdict(char *text, size_t size, const struct diff_report *report,
			 const struct figure *figure)
{
	const struct comparison *comparison = &figure->comparison;
	char advice[128] = "";

	if (comparison->needed > NEEDED_MAX)
		snprintf(advice, sizeof(advice), ": more than %d runs a side would be needed",
			 NEEDED_MAX);
	else if (comparison->needed > 0)
		snprintf(advice, sizeof(advice),
			 ": about %.0f %s would do, if the estimate is right", comparison->needed,
			 figure->runs.paired ? "pairs" : "runs a side");
	snprintf(text, size, "%s%s%s: %s, margin %.3g %%%s", figure->role, *figure->role ? " " : "",
		 figure->name, judgement__name(comparison->judgement),
		 100 * report->question->margin, advice);
}

const char *diff_words__role(const struct figure *figure)
{
	return *figure->role ? figure->role : "the run as a whole";
}

bool diff_words__is_shown(const struct figure *figure)
{
	const struct comparison *comparison = &figure->comparison;

	if (!comparison->a_count)
		return false;
	return figure->is_primary || !figure__is_constant(figure) || comparison->a_median != 0;
}
