// SPDX-License-Identifier: GPL-2.0-only
#include "render/layers.h"

#include <inttypes.h>
#include <string.h>

#include "render/bars.h"

#define CELL_BUCKETS (HIST_SUB / 2)
#define CELLS (HIST_BUCKETS / CELL_BUCKETS)
#define LABEL_WIDTH 6
#define COUNT_WIDTH 10
#define TICK_CELLS 8 /* a label each 16 times */

/* The requests of half a power of two of ns. */
static uint64_t cell_count(const struct latency *latency, int cell)
{
	uint64_t sum = 0;

	for (int i = 0; i < (int)CELL_BUCKETS; i++)
		sum += latency->hist[cell * (int)CELL_BUCKETS + i];
	return sum;
}

/* Each shade is four times as many as the one before, so that a tail of one is seen. */
static char shade(uint64_t count)
{
	static const char shades[] = " .:-=+*%#@";
	size_t level = 0;

	while (count && level < sizeof(shades) - 2) {
		count /= 4;
		level++;
	}
	return shades[level];
}

/* Of a request that was not throttled at all there is nothing to see. */
static bool is_shown(const struct io_row *row, int layer)
{
	const struct latency *latency = &row->layers[layer];

	return row->spread_known[layer] && latency->count &&
	       (layer != IO_THROTTLED || latency->sum_ns);
}

/* The cells that any layer needs. False: there are none. */
static bool find_range(const struct io_row *row, int *first, int *last)
{
	*first = (int)CELLS;
	*last = -1;
	for (int layer = 0; layer < IO_LAYERS; layer++) {
		for (int cell = 0; is_shown(row, layer) && cell < (int)CELLS; cell++) {
			if (!cell_count(&row->layers[layer], cell))
				continue;
			*first = cell < *first ? cell : *first;
			*last = cell > *last ? cell : *last;
		}
	}
	return *last >= 0;
}

static void print_axis(FILE *file, int first, int last)
{
	fprintf(file, "%*s", LABEL_WIDTH, "");
	for (int cell = first; cell <= last; cell += TICK_CELLS) {
		char text[16], label[24];

		format_bound(text, sizeof(text), hist_lower((uint32_t)(cell * (int)CELL_BUCKETS)));
		snprintf(label, sizeof(label), "|%s", text);
		fprintf(file, cell + TICK_CELLS <= last ? "%-*s" : "%.*s", TICK_CELLS, label);
	}
	putc('\n', file);
}

void layers__print(FILE *file, const struct io_row *row, unsigned int width)
{
	int first, last;

	fprintf(file, "%s%s%s %s", io_row__vm(row), *io_row__vm(row) ? " " : "",
		*io_row__disk(row) ? io_row__disk(row) : row->device, io_op__name(row->op));
	if (!find_range(row, &first, &last)) {
		fputs(": no request was completed\n", file);
		return;
	}
	putc('\n', file);
	first -= first % 2;
	if (width > LABEL_WIDTH + COUNT_WIDTH &&
	    last - first >= (int)width - LABEL_WIDTH - COUNT_WIDTH)
		last = first + (int)width - LABEL_WIDTH - COUNT_WIDTH - 1;
	print_axis(file, first, last);
	for (int layer = 0; layer < IO_LAYERS; layer++) {
		const struct latency *latency = &row->layers[layer];

		if (!is_shown(row, layer))
			continue;
		fprintf(file, "%-*s", LABEL_WIDTH, io_layer__header((enum io_layer)layer));
		for (int cell = first; cell <= last; cell++)
			putc(shade(cell_count(latency, cell)), file);
		fprintf(file, " %*" PRIu64 "\n", COUNT_WIDTH - 1, latency->count);
	}
}

json_t *layers__json(const struct io_row *row)
{
	json_t *object = json_object();

	for (int layer = 0; layer < IO_LAYERS; layer++)
		json_object_set_new(object, io_layer__key((enum io_layer)layer),
				    row->spread_known[layer]
					    ? bars__json_buckets(row->layers[layer].hist)
					    : json_null());
	return object;
}
