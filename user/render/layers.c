// SPDX-License-Identifier: GPL-2.0-only
#include "render/layers.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "render/bars.h"

#define LABEL_WIDTH 6
#define COUNT_WIDTH 10
#define TICK_CELLS 8 /* room for a label */

/* Which buckets a line shows: so many a character, from the first one on. */
struct scale {
	uint32_t cell_buckets;
	uint32_t first; /* cell */
	uint32_t cells; /* a multiple of TICK_CELLS */
};

static uint64_t cell_count(const struct latency *latency, const struct scale *scale, uint32_t cell)
{
	uint32_t bucket = cell * scale->cell_buckets, end = bucket + scale->cell_buckets;
	uint64_t sum = 0;

	for (; bucket < end && bucket < HIST_BUCKETS; bucket++)
		sum += latency->hist[bucket];
	return sum;
}

static const char shades[] = " .:-=+*%#@";

/* Each shade stands for four times as many as the one before, so that a tail of one is visible. */
static char shade(uint64_t count)
{
	size_t level = 0;

	while (count && level < sizeof(shades) - 2) {
		count /= 4;
		level++;
	}
	return shades[level];
}

/* A request that was not throttled at all is not shown. */
static bool is_shown(const struct io_row *row, int layer)
{
	const struct latency *latency = io_row__layer(row, (enum io_layer)layer);

	return row->spread_known[layer] && latency->count &&
	       (layer != IO_THROTTLED || latency->sum_ns);
}

/* The buckets that any layer needs. False: there are none. */
static bool find_range(const struct io_row *row, uint32_t *first, uint32_t *last)
{
	*first = HIST_BUCKETS;
	*last = 0;
	for (int layer = 0; layer < IO_LAYERS; layer++) {
		const uint32_t *hist = io_row__layer(row, (enum io_layer)layer)->hist;

		for (uint32_t bucket = 0; is_shown(row, layer) && bucket < HIST_BUCKETS; bucket++) {
			if (!hist[bucket])
				continue;
			*first = bucket < *first ? bucket : *first;
			*last = bucket > *last ? bucket : *last;
		}
	}
	return *first <= *last;
}

/*
 * It begins at a power of two. If it does not fit, it is drawn at half the size; no tail is cut
 * off.
 */
static struct scale find_scale(uint32_t first, uint32_t last, unsigned int width)
{
	struct scale scale = { .cell_buckets = HIST_SUB / 2 };

	for (;;) {
		scale.first = first / HIST_SUB * HIST_SUB / scale.cell_buckets;
		scale.cells = last / scale.cell_buckets - scale.first + 1;
		scale.cells = (scale.cells + TICK_CELLS - 1) / TICK_CELLS * TICK_CELLS;
		if (!width || LABEL_WIDTH + scale.cells + COUNT_WIDTH <= width ||
		    scale.cell_buckets == HIST_SUB)
			return scale;
		scale.cell_buckets = HIST_SUB;
	}
}

static void print_axis(FILE *file, const struct scale *scale)
{
	fprintf(file, "%*s", LABEL_WIDTH, "");
	for (uint32_t cell = 0; cell < scale->cells; cell += TICK_CELLS) {
		uint32_t bucket = (scale->first + cell) * scale->cell_buckets;
		char text[16], label[24];

		format_bound(text, sizeof(text),
			     hist_lower(bucket < HIST_BUCKETS ? bucket : HIST_BUCKETS));
		snprintf(label, sizeof(label), "|%s", text);
		fprintf(file, "%-*s", TICK_CELLS, label);
	}
	fprintf(file, "%*s\n", COUNT_WIDTH, "REQUESTS");
}

bool layers__print(FILE *file, const struct io_row *row, unsigned int width)
{
	const char *vm = io_row__vm(row), *disk = io_row__disk(row);
	struct scale scale;
	uint32_t first, last;

	if (!find_range(row, &first, &last))
		return false;
	scale = find_scale(first, last, width);
	putc('\n', file);
	text_line(file, "%s%s%s %s", vm, *vm ? " " : "",
		  *disk		? disk
		  : row->device ? row->device
				: "",
		  io_op__name(row->op));
	print_axis(file, &scale);
	for (int layer = 0; layer < IO_LAYERS; layer++) {
		const struct latency *latency = io_row__layer(row, (enum io_layer)layer);

		if (!is_shown(row, layer))
			continue;
		fprintf(file, "%-*s", LABEL_WIDTH, io_layer__header((enum io_layer)layer));
		for (uint32_t cell = 0; cell < scale.cells; cell++)
			putc(shade(cell_count(latency, &scale, scale.first + cell)), file);
		fprintf(file, "%*" PRIu64 "\n", COUNT_WIDTH, latency->count);
	}
	return true;
}

void layers__print_shades(FILE *file)
{
	uint64_t from = 1;

	fputs("shades:", file);
	for (const char *next = shades + 1; *next; next++, from *= 4)
		fprintf(file, " %c %" PRIu64, *next, from);
	fputs(" requests or more\n", file);
}
