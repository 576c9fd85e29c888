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

static void sum_octaves(const struct histogram *histogram, uint64_t sums[2][OCTAVES])
{
	memset(sums, 0, sizeof(uint64_t) * 2 * OCTAVES);
	for (int part = 0; part < histogram->count; part++)
		for (uint32_t bucket = 0; bucket < HIST_BUCKETS; bucket++)
			sums[part][bucket / HIST_SUB] += histogram->parts[part][bucket];
}

static void print_bar(FILE *file, const char *const *parts, uint64_t first, uint64_t second,
		      uint64_t most, unsigned int width)
{
	uint64_t length = ((first + second) * width + most - 1) / most;
	uint64_t firsts = (first * width + most - 1) / most;

	/* Rounded up, so that each part shows; together they are no longer than the bar. */
	if (second && firsts == length && firsts > 1)
		firsts--;
	fputs(length ? "  " : "", file);
	for (uint64_t i = 0; i < length; i++)
		putc(*parts[i >= firsts], file);
	putc('\n', file);
}

void bars__print(FILE *file, const char *title, const struct distribution *distribution,
		 const void *row, unsigned int terminal_width)
{
	const struct histogram histogram = distribution->get(row);
	unsigned int width = terminal_width > TEXT_WIDTH + 10 && terminal_width < 70
				     ? terminal_width - TEXT_WIDTH - 2
				     : BAR_MAX;
	uint64_t sums[2][OCTAVES], most = 0;
	int first = OCTAVES, last = -1;

	if (terminal_width && terminal_width <= TEXT_WIDTH + 10)
		width = 8;
	sum_octaves(&histogram, sums);
	for (int octave = 0; octave < (int)OCTAVES; octave++) {
		uint64_t sum = sums[0][octave] + sums[1][octave];

		if (sum && first > octave)
			first = octave;
		if (sum)
			last = octave;
		if (sum > most)
			most = sum;
	}
	text_line(file, "%s%s%s", title, last < 0 ? ": " : "", last < 0 ? distribution->none : "");
	for (int octave = first; octave <= last; octave++) {
		uint64_t first_sum = sums[0][octave], second_sum = sums[1][octave];
		char low[16], high[16] = "";

		format_bound(low, sizeof(low), hist_lower((uint32_t)octave * HIST_SUB));
		if (octave < (int)OCTAVES - 1)
			format_bound(high, sizeof(high),
				     hist_lower((uint32_t)(octave + 1) * HIST_SUB));
		fprintf(file, "%8s - %-7s %9" PRIu64, low, high, first_sum + second_sum);
		print_bar(file, distribution->parts, first_sum, second_sum, most, width);
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

static json_t *json_distribution(const struct distribution *distribution, const void *row)
{
	const struct histogram histogram = distribution->get(row);
	json_t *object;

	if (!histogram.known)
		return json_null();
	if (!*distribution->parts)
		return json_buckets(*histogram.parts);
	object = json_object();
	for (int part = 0; part < histogram.count; part++)
		json_object_set_new(object, distribution->parts[part],
				    json_buckets(histogram.parts[part]));
	return object;
}

json_t *bars__json(const struct metric_table *table, const void *row)
{
	json_t *object = json_object();

	for (size_t i = 0; i < table->count; i++)
		if (table->metrics[i].kind == METRIC_DISTRIBUTION)
			json_object_set_new(object, table->metrics[i].key,
					    json_distribution(table->metrics[i].distribution, row));
	return object;
}
