// SPDX-License-Identifier: GPL-2.0-only
#include "top/graph.h"

#include <string.h>

#include "base/text.h"
#include "render/table.h"

#define HEIGHT_MAX 5

/* How a cell looks that is full to one of so many steps, from 1 on. */
static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char *const letters[] = { ".", ":", "#" };

#define ZERO "_" /* it is known, and 0 */

struct bars {
	struct value list[SERIES_MOMENTS];
	size_t count, known;
	struct value least, most;
};

/* The last ones, as many as there is room for. */
static void find_bars(struct bars *bars, const struct graph *graph, size_t room)
{
	size_t count = graph->series->moments.count;
	size_t first = count > room ? count - room : 0;

	*bars = (struct bars){ .count = 0 };
	for (size_t i = first; i < count && bars->count < SERIES_MOMENTS; i++) {
		struct value value = series__value(graph->series, i, graph->key);

		bars->list[bars->count++] = value;
		if (!value.known)
			continue;
		if (!bars->known || value.number < bars->least.number)
			bars->least = value;
		if (!bars->known || value.number > bars->most.number)
			bars->most = value;
		bars->known++;
	}
}

static void print_title(FILE *file, const struct graph *graph, const struct bars *bars)
{
	const struct metric *metric = graph->series->metric;
	const char *header = metric->header ? metric->header : metric->key;
	char last[CELL_SIZE], least[CELL_SIZE], most[CELL_SIZE];

	const char *plural = bars->count == 1 ? "" : "s";
	char text[4 * CELL_SIZE];

	table__value(last, metric, bars->list[bars->count ? bars->count - 1 : 0]);
	table__value(least, metric, bars->least);
	table__value(most, metric, bars->most);
	if (bars->known)
		snprintf(text, sizeof(text), "%s %s: %s; %s to %s in %zu interval%s", graph->name,
			 header, last, least, most, bars->count, plural);
	else
		snprintf(text, sizeof(text), "%s %s: n/a in %zu interval%s", graph->name, header,
			 bars->count, plural);
	text_show(file, text, graph->width);
	putc('\n', file);
}

/* One cell of a bar: the line's number counts from the bottom. */
static const char *cell(const struct graph *graph, const struct bars *bars, struct value value,
			unsigned int line, unsigned int height)
{
	const char *const *steps = graph->utf8 ? blocks : letters;
	unsigned int per_cell = graph->utf8 ? 8 : 3, level = 0;

	if (!value.known)
		return " ";
	if (value.number) {
		double share = (double)value.number / (double)bars->most.number;

		level = (unsigned int)(share * height * per_cell + 0.5);
		level = level ? level : 1; /* little is not nothing */
	}
	if (level <= line * per_cell)
		return line || level ? " " : ZERO;
	level -= line * per_cell;
	return steps[(level < per_cell ? level : per_cell) - 1];
}

void graph__print(FILE *file, const struct graph *graph)
{
	unsigned int height = graph->lines > HEIGHT_MAX ? HEIGHT_MAX : graph->lines - 1;
	char most[CELL_SIZE];
	struct bars bars;
	size_t label;

	if (!graph->lines)
		return;
	find_bars(&bars, graph, SERIES_MOMENTS);
	label = bars.known ? table__value(most, graph->series->metric, bars.most) : 0;
	if (graph->width < label + SERIES_MOMENTS + 1)
		find_bars(&bars, graph, graph->width > label + 1 ? graph->width - label - 1 : 1);
	print_title(file, graph, &bars);
	if (!bars.known)
		return;
	label = table__value(most, graph->series->metric, bars.most);
	for (unsigned int line = height; line-- > 0;) {
		fprintf(file, "%*s ", (int)label, line == height - 1 ? most : line ? "" : "0");
		for (size_t i = 0; i < bars.count; i++)
			fputs(cell(graph, &bars, bars.list[i], line, height), file);
		putc('\n', file);
	}
}
