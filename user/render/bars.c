// SPDX-License-Identifier: GPL-2.0-only
#include "render/bars.h"

#include <inttypes.h>
#include <string.h>

#include "base/units.h"

#define OCTAVES (HIST_BUCKETS / HIST_SUB)
#define BAR_MAX 40
#define TEXT_WIDTH 30

/* A bound of a power of two in three digits or so: 512ns, 1.02us, 134ms. */
static void format_bound(char *text, size_t size, uint64_t ns)
{
	static const char *const names[] = { "ns", "us", "ms", "s" };
	double value = (double)ns;
	int unit = 0;

	while (value >= 1000 && unit < 3) {
		value /= 1000;
		unit++;
	}
	snprintf(text, size, "%.*f%s",
		 value < 10 && unit    ? 2
		 : value < 100 && unit ? 1
				       : 0,
		 value, names[unit]);
}

static void sum_octaves(const struct wait_hist *hist, uint64_t sums[CAUSES][OCTAVES])
{
	memset(sums, 0, sizeof(uint64_t) * CAUSES * OCTAVES);
	for (int cause = 0; cause < CAUSES; cause++)
		for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++)
			sums[cause][bucket / HIST_SUB] += hist->count[cause][bucket];
}

static void print_bar(FILE *file, uint64_t wake, uint64_t preempt, uint64_t most,
		      unsigned int width)
{
	uint64_t letters = ((wake + preempt) * width + most - 1) / most;
	uint64_t wakes = (wake * width + most - 1) / most;

	/* Rounded up, each part shows; together they are no longer than the bar. */
	if (preempt && wakes == letters && wakes > 1)
		wakes--;
	for (uint64_t i = 0; i < letters; i++)
		putc(i < wakes ? 'w' : 'p', file);
	putc('\n', file);
}

void bars__print(FILE *file, const char *title, const struct wait_hist *hist,
		 unsigned int terminal_width)
{
	unsigned int width = terminal_width > TEXT_WIDTH + 10 && terminal_width < 70
				     ? terminal_width - TEXT_WIDTH - 2
				     : BAR_MAX;
	uint64_t sums[CAUSES][OCTAVES], most = 0;
	int first = OCTAVES, last = -1;

	if (terminal_width && terminal_width <= TEXT_WIDTH + 10)
		width = 8;
	sum_octaves(hist, sums);
	for (int octave = 0; octave < (int)OCTAVES; octave++) {
		uint64_t sum = sums[CAUSE_WAKE][octave] + sums[CAUSE_PREEMPT][octave];

		if (sum && first > octave)
			first = octave;
		if (sum)
			last = octave;
		if (sum > most)
			most = sum;
	}
	fprintf(file, "%s%s\n", title, last < 0 ? ": no wait has ended" : "");
	for (int octave = first; octave <= last; octave++) {
		uint64_t wake = sums[CAUSE_WAKE][octave], preempt = sums[CAUSE_PREEMPT][octave];
		char low[16], high[16] = "";

		format_bound(low, sizeof(low), hist_lower((uint32_t)octave * HIST_SUB));
		if (octave < (int)OCTAVES - 1)
			format_bound(high, sizeof(high),
				     hist_lower((uint32_t)(octave + 1) * HIST_SUB));
		fprintf(file, "%8s - %-7s %9" PRIu64 "  ", low, high, wake + preempt);
		print_bar(file, wake, preempt, most, width);
	}
}

static json_t *json_buckets(const uint32_t *count)
{
	json_t *list = json_array();

	for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++) {
		json_t *upper;

		if (!count[bucket])
			continue;
		upper = bucket + 1 < HIST_BUCKETS ? json_integer((json_int_t)hist_lower(bucket + 1))
						  : json_null();
		json_array_append_new(list, json_pack("{s:I,s:o,s:I}", "ge_ns",
						      (json_int_t)hist_lower(bucket), "lt_ns",
						      upper, "count", (json_int_t)count[bucket]));
	}
	return list;
}

json_t *bars__json(const struct wait_hist *hist)
{
	return json_pack("{s:o,s:o}", "wake", json_buckets(hist->count[CAUSE_WAKE]), "preempt",
			 json_buckets(hist->count[CAUSE_PREEMPT]));
}
