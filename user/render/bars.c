// SPDX-License-Identifier: GPL-2.0-only
#include "render/bars.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"

#define OCTAVES (HIST_BUCKETS / HIST_SUB)
#define BAR_MAX 40
#define TEXT_WIDTH 30

void format_bound(char *text, size_t size, uint64_t ns)
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

static void sum_octaves(const struct bar_parts *parts, uint64_t sums[2][OCTAVES])
{
	memset(sums, 0, sizeof(uint64_t) * 2 * OCTAVES);
	for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++) {
		sums[0][bucket / HIST_SUB] += parts->first[bucket];
		sums[1][bucket / HIST_SUB] += parts->second[bucket];
	}
}

static void print_bar(FILE *file, const char letters[2], uint64_t first, uint64_t second,
		      uint64_t most, unsigned int width)
{
	uint64_t length = ((first + second) * width + most - 1) / most;
	uint64_t firsts = (first * width + most - 1) / most;

	/* Rounded up, each part shows; together they are no longer than the bar. */
	if (second && firsts == length && firsts > 1)
		firsts--;
	fputs(length ? "  " : "", file);
	for (uint64_t i = 0; i < length; i++)
		putc(i < firsts ? letters[0] : letters[1], file);
	putc('\n', file);
}

void bars__print_parts(FILE *file, const char *title, const struct bar_parts *parts,
		       unsigned int terminal_width)
{
	unsigned int width = terminal_width > TEXT_WIDTH + 10 && terminal_width < 70
				     ? terminal_width - TEXT_WIDTH - 2
				     : BAR_MAX;
	uint64_t sums[2][OCTAVES], most = 0;
	int first = OCTAVES, last = -1;

	if (terminal_width && terminal_width <= TEXT_WIDTH + 10)
		width = 8;
	sum_octaves(parts, sums);
	for (int octave = 0; octave < (int)OCTAVES; octave++) {
		uint64_t sum = sums[0][octave] + sums[1][octave];

		if (sum && first > octave)
			first = octave;
		if (sum)
			last = octave;
		if (sum > most)
			most = sum;
	}
	text_line(file, "%s%s", title, last < 0 ? parts->none : "");
	for (int octave = first; octave <= last; octave++) {
		uint64_t first_sum = sums[0][octave], second_sum = sums[1][octave];
		char low[16], high[16] = "";

		format_bound(low, sizeof(low), hist_lower((uint32_t)octave * HIST_SUB));
		if (octave < (int)OCTAVES - 1)
			format_bound(high, sizeof(high),
				     hist_lower((uint32_t)(octave + 1) * HIST_SUB));
		fprintf(file, "%8s - %-7s %9" PRIu64, low, high, first_sum + second_sum);
		print_bar(file, parts->letters, first_sum, second_sum, most, width);
	}
}

void bars__print(FILE *file, const char *title, const struct wait_hist *hist,
		 unsigned int terminal_width)
{
	const struct bar_parts parts = { hist->count[CAUSE_WAKE],
					 hist->count[CAUSE_PREEMPT],
					 { 'w', 'p' },
					 ": no wait has ended" };

	bars__print_parts(file, title, &parts, terminal_width);
}

json_t *bars__json_buckets(const uint32_t *count)
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
	return json_pack("{s:o,s:o}", "wake", bars__json_buckets(hist->count[CAUSE_WAKE]),
			 "preempt", bars__json_buckets(hist->count[CAUSE_PREEMPT]));
}
