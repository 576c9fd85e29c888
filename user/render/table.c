// SPDX-License-Identifier: GPL-2.0-only
#include "render/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/units.h"
#include "render/terminal.h"
#include "render/threshold.h"

#define TEXT_MIN 8

static uint64_t divide(uint64_t value, uint64_t by)
{
	return (value + by / 2) / by;
}

size_t table__value(char text[CELL_SIZE], const struct metric *metric, struct value value)
{
	if (!value.known)
		return (size_t)snprintf(text, CELL_SIZE, "%s", value.blank ? "" : "n/a");
	switch (metric->unit) {
	case UNIT_TEXT:
		text_copy(text, CELL_SIZE, value.text, strlen(value.text));
		return strlen(text);
	case UNIT_MPCT:
		return format_fixed(text, divide(value.number, 10), 2);
	case UNIT_PER_SEC_M:
		return format_fixed(text, divide(value.number, 1000), 0);
	case UNIT_M:
		return format_fixed(text, divide(value.number, 10), 2);
	case UNIT_NS_AS_US:
		return format_fixed(text, divide(value.number, 100), 1);
	case UNIT_NS_AS_MS:
		return format_fixed(text, divide(value.number, 1000), 3);
	case UNIT_NS_AS_S:
		return format_fixed(text, divide(value.number, 100000000), 1);
	case UNIT_BYTES_AS_MIB:
		return format_fixed(text, divide(value.number, 1 << 20), 0);
	case UNIT_BYTES_PER_S:
		return format_fixed(text, divide(value.number * 10, 1 << 20), 1);
	default:
		return format_fixed(text, value.number, 0);
	}
}

size_t table__cell(char text[CELL_SIZE], const struct metric *metric, const void *row)
{
	const struct threshold *threshold = threshold__find(metric);
	struct text_buffer buffer;
	struct value value = metric__get(metric, row, &buffer);
	size_t length = table__value(text, metric, value);

	text[length] = mark__sign(threshold__mark(threshold, value));
	length += text[length] != '\0';
	text[length] = '\0';
	return length;
}

/* The mark at the end of a cell of figures; 0: none. */
static char mark_of(const char *text)
{
	size_t length = strlen(text);
	char last = length ? text[length - 1] : '\0';

	return last == mark__sign(MARK_LOOK) || last == mark__sign(MARK_ACT) ? last : '\0';
}

/* The width of a header or a cell, with room for a mark behind it. */
static size_t cell_width(const struct metric *metric, const char *text)
{
	return text_columns(text) + (threshold__find(metric) && !mark_of(text));
}

/* Yellow and red. */
static const struct table_style color_style = { .look = "\033[33m",
						.act = "\033[31m",
						.end = "\033[0m" };
static const struct table_style plain_style = { .look = "", .act = "", .end = "" };

/* Prints nothing if there is no mark. */
static void begin_style(FILE *file, const struct table_style *style, char mark)
{
	if (mark)
		fputs(mark == mark__sign(MARK_ACT) ? style->act : style->look, file);
}

static void end_style(FILE *file, const struct table_style *style, char mark)
{
	if (mark)
		fputs(style->end, file);
}

/*
 * Shows a text that is too long with "..." in its middle, since names often differ at their ends.
 */
static size_t show_cut(FILE *file, const char *text, size_t width)
{
	size_t used = text_show(file, text, (width - 2) / 2);

	fputs("...", file);
	used += strlen("...");
	while (*text && text_columns(text) > width - used)
		text += text_char(text, strlen(text)).length;
	return used + text_show(file, text, width - used);
}

/*
 * Prints *blanks of blanks and a cell. The blanks after it are left for the next cell: no line ends
 * with them.
 */
static void put_cell(FILE *file, const struct table_style *style, const struct metric *metric,
		     const char *text, size_t width, size_t *blanks)
{
	size_t columns = cell_width(metric, text), fill = columns < width ? width - columns : 0;
	bool left = metric->unit == UNIT_TEXT;
	char mark = left ? '\0' : mark_of(text);

	if (!left)
		*blanks += fill;
	if (*text)
		for (; *blanks; --*blanks)
			putc_unlocked(' ', file);
	begin_style(file, style, mark);
	if (columns > width)
		columns = show_cut(file, text, width);
	else
		columns -= text_columns(text) - text_show(file, text, width);
	end_style(file, style, mark);
	if (left)
		*blanks += width - columns;
	else
		*blanks += columns - text_columns(text);
}

/* How wide each column is shown; 0: it is not. */
struct layout {
	size_t width[COLUMNS_MAX];
	bool no_room; /* for some that are not spare */
};

/* Cuts texts until total, the width of all columns, is at most limit, if that is possible. */
static size_t cut_texts(size_t *widths, const struct columns *columns, size_t total, size_t limit)
{
	for (size_t i = 0; i < columns->count && total > limit; i++) {
		size_t spare, cut;

		if (columns->spare[i] || columns->list[i]->unit != UNIT_TEXT ||
		    widths[i] <= TEXT_MIN)
			continue;
		spare = widths[i] - TEXT_MIN;
		cut = total - limit < spare ? total - limit : spare;
		widths[i] -= cut;
		total -= cut;
	}
	return total;
}

/* Makes the columns fit into limit; total is the width of those that are always shown. */
static void fit(struct layout *layout, const struct columns *columns, const size_t *widths,
		size_t total, size_t limit)
{
	for (size_t i = columns->count; i-- > 1 && total > limit;) {
		if (columns->spare[i])
			continue;
		total -= widths[i] + 1;
		layout->width[i] = 0;
		layout->no_room = true;
	}
	for (size_t i = 0; i < columns->count && !layout->no_room; i++) {
		if (!columns->spare[i] || total + widths[i] + 1 > limit)
			continue;
		total += widths[i] + 1;
		layout->width[i] = widths[i];
	}
}

static void lay_out(struct layout *layout, const struct columns *columns, size_t *widths,
		    size_t limit)
{
	size_t total = 0;

	*layout = (struct layout){ .no_room = false };
	for (size_t i = 0; i < columns->count; i++)
		if (!columns->spare[i])
			total += widths[i] + (total > 0);
	if (limit)
		total = cut_texts(widths, columns, total, limit);
	for (size_t i = 0; i < columns->count; i++)
		layout->width[i] = columns->spare[i] ? 0 : widths[i];
	if (limit)
		fit(layout, columns, widths, total, limit);
}

/* All cells of a table, formatted once, row by row: some figures take a while to compute. */
struct cells {
	char *text; /* each ends with a NUL */
	size_t used, capacity;
};

/* Returns the new cell's width, or -ENOMEM. */
static ssize_t cells__add(struct cells *cells, const struct metric *metric, const void *row)
{
	const char *cell;

	if (cells->capacity - cells->used < CELL_SIZE) {
		size_t capacity = cells->capacity * 2 + 16 * CELL_SIZE;
		char *text = realloc(cells->text, capacity);

		if (!text)
			return -ENOMEM;
		cells->text = text;
		cells->capacity = capacity;
	}
	cell = cells->text + cells->used;
	cells->used += table__cell(cells->text + cells->used, metric, row) + 1;
	return (ssize_t)cell_width(metric, cell);
}

/* Formats all cells and finds the widths. Returns 0 or -ENOMEM. */
static int cells__fill(struct cells *cells, size_t *widths, const struct columns *columns,
		       const char *rows, size_t row_size, size_t count)
{
	*cells = (struct cells){ 0 };
	for (size_t i = 0; i < columns->count; i++)
		widths[i] = cell_width(columns->list[i], columns->list[i]->header);
	for (size_t row = 0; row < count; row++) {
		for (size_t i = 0; i < columns->count; i++) {
			ssize_t width = cells__add(cells, columns->list[i], rows + row * row_size);

			if (width < 0)
				return -ENOMEM;
			if ((size_t)width > widths[i])
				widths[i] = (size_t)width;
		}
	}
	return 0;
}

static void put_rows(FILE *file, const struct cells *cells, const struct columns *columns,
		     const struct layout *layout, size_t count, const struct table_style *style)
{
	const char *text = cells->text;

	for (size_t row = 0; row < count; row++) {
		size_t blanks = 0;

		for (size_t i = 0; i < columns->count; i++, text += strlen(text) + 1) {
			if (!layout->width[i])
				continue;
			put_cell(file, style, columns->list[i], text, layout->width[i], &blanks);
			blanks++;
		}
		putc_unlocked('\n', file);
	}
}

static void put_headers(FILE *file, const struct columns *columns, const struct layout *layout,
			const struct table_frame *frame)
{
	const struct table_style *style = &frame->style;
	size_t blanks = 0;

	for (size_t i = 0; i < columns->count; i++) {
		const struct metric *metric = columns->list[i];

		if (!layout->width[i])
			continue;
		if (metric == frame->sorted) {
			for (; blanks; blanks--)
				putc_unlocked(' ', file);
			fputs(style->sorted, file);
		}
		put_cell(file, style, metric, metric->header, layout->width[i], &blanks);
		if (metric == frame->sorted)
			fputs(style->end, file);
		blanks++;
	}
	putc_unlocked('\n', file);
}

/* Names the columns that are left out, in lines that fit, too. */
static void put_missing(FILE *file, const struct columns *columns, const struct layout *layout,
			size_t limit)
{
	size_t used = strlen("no room");
	const char *word = "for ";

	if (!layout->no_room)
		return;
	fputs("no room", file);
	for (size_t i = 0; i < columns->count; i++) {
		const char *header = columns->list[i]->header;
		size_t length = strlen(word) + strlen(header);
		bool fits = used + 1 + length <= limit;

		if (layout->width[i] || columns->spare[i])
			continue;
		fprintf(file, "%c%s%s", fits ? ' ' : '\n', word, header);
		used = fits ? used + 1 + length : length;
		word = "";
	}
	putc_unlocked('\n', file);
}

/* Columns that have once been wider stay so. */
static void keep_widths(size_t *widths, const struct columns *columns, size_t *kept)
{
	for (size_t i = 0; i < columns->count && kept; i++) {
		if (kept[i] > widths[i])
			widths[i] = kept[i];
		kept[i] = widths[i];
	}
}

int table__show(FILE *file, const struct table_frame *frame, const struct columns *columns,
		const void *rows, size_t row_size, size_t count)
{
	size_t widths[COLUMNS_MAX];
	struct layout layout;
	struct cells cells;
	int error = cells__fill(&cells, widths, columns, rows, row_size, count);

	if (!error) {
		keep_widths(widths, columns, frame->widths);
		lay_out(&layout, columns, widths, frame->width);
		put_headers(file, columns, &layout, frame);
		put_rows(file, &cells, columns, &layout, count, &frame->style);
		if (frame->name_missing)
			put_missing(file, columns, &layout, frame->width);
	}
	free(cells.text);
	return error;
}

int table__print(FILE *file, const struct columns *columns, const void *rows, size_t row_size,
		 size_t count, unsigned int terminal_width)
{
	const struct table_frame frame = { .style = terminal_has_colors(file) ? color_style
									      : plain_style,
					   .width = terminal_width,
					   .name_missing = true };

	return table__show(file, &frame, columns, rows, row_size, count);
}
