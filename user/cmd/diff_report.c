// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/diff_report.h"

#include <string.h>

#include "base/text.h"
#include "cmd/diff_words.h"

#define NAME_COLUMNS 25
#define TERMINAL_COLUMNS 80
#define LKML_COLUMNS 75

/* A name that is too long has a line of its own. */
static void print_name(FILE *file, const char *name)
{
	text_put(file, name, NAME_COLUMNS);
	if (text_columns(name) > NAME_COLUMNS)
		fprintf(file, "\n%*s", NAME_COLUMNS, "");
}

static void print_figure(FILE *file, const struct figure *figure)
{
	const struct comparison *comparison = &figure->comparison;
	char a[DIFF_CELL], b[DIFF_CELL], ratio[DIFF_CELL] = "-", interval[DIFF_INTERVAL];

	diff_words__value(a, comparison->a_median, figure->unit);
	diff_words__value(b, comparison->b_median, figure->unit);
	diff_words__interval(interval, comparison, figure->unit);
	if (comparison->is_ratio)
		snprintf(ratio, sizeof(ratio), "%.3f", comparison->shift.estimate);
	print_name(file, figure->name);
	fprintf(file, " %8s %8s %6s %12s %5.3f %s\n", a, b, ratio, interval, figure->p_corrected,
		judgement__name(comparison->judgement));
}

/* By how much B is better, in %, as mmtests has it; of what is neither, by how much it is more. */
static double improvement(const struct figure *figure)
{
	double change = 100 * (figure->comparison.shift.estimate - 1);

	return figure->runs.direction == LESS_IS_BETTER ? -change : change;
}

static void print_lkml_figure(FILE *file, const struct figure *figure)
{
	const struct comparison *comparison = &figure->comparison;
	char interval[DIFF_INTERVAL], change[DIFF_CELL] = "-", ratio[DIFF_CELL] = "-";
	char cv[DIFF_CELL], runs[DIFF_CELL];

	diff_words__interval(interval, comparison, figure->unit);
	if (comparison->is_ratio) {
		snprintf(ratio, sizeof(ratio), "%.3f", comparison->shift.estimate);
		snprintf(change, sizeof(change), "[%+.1f%%]", improvement(figure));
	}
	snprintf(cv, sizeof(cv), "(%.0f%% %.0f%%)", 100 * comparison->a_cv, 100 * comparison->b_cv);
	snprintf(runs, sizeof(runs), "%zu+%zu", comparison->a_count, comparison->b_count);
	print_name(file, figure->name);
	fprintf(file, " %6s %9s %10s %12s %5s\n", ratio, change, cv, interval, runs);
}

static void print_side(FILE *file, const struct diff_report *report, enum side side)
{
	char line[DIFF_LINE];

	diff_words__side(line, sizeof(line), report, side);
	if (*line)
		text_line(file, "%s", line);
}

static void print_verdict(FILE *file, const struct diff_report *report, const struct figure *figure,
			  unsigned int columns)
{
	char line[DIFF_LINE];

	diff_words__verdict(line, sizeof(line), report, figure);
	text_wrap(file, line, columns);
}

static void print_header(FILE *file, const char *role, bool lkml)
{
	putc('\n', file);
	if (lkml) {
		text_put(file, role, NAME_COLUMNS);
		fprintf(file, " %6s %9s %10s %12s %5s\n", "B/A", "[imp]", "(CV A, B)", "95 %", "n");
		return;
	}
	text_put(file, role, NAME_COLUMNS);
	fprintf(file, " %8s %8s %6s %12s %5s\n", "A", "B", "B/A", "95 %", "p");
}

void diff_report__print(FILE *file, const struct diff_report *report)
{
	bool lkml = report->options->lkml;
	unsigned int columns = lkml ? LKML_COLUMNS : TERMINAL_COLUMNS;
	const struct figure *last = NULL;

	print_side(file, report, SIDE_A);
	print_side(file, report, SIDE_B);
	for (size_t i = 0; i < report->notes->count; i++)
		text_wrap(file, report->notes->list[i].text, columns);
	putc('\n', file);
	for (size_t i = 0; i < report->table->count && report->table->list[i].is_primary; i++)
		print_verdict(file, report, &report->table->list[i], columns);
	for (size_t i = 0; i < report->table->count; i++) {
		const struct figure *figure = &report->table->list[i];

		if (!diff_words__is_shown(figure))
			continue;
		if (!last || last->is_primary != figure->is_primary ||
		    strcmp(last->role, figure->role) != 0)
			print_header(file, diff_words__role(figure), lkml);
		last = figure;
		if (lkml)
			print_lkml_figure(file, figure);
		else
			print_figure(file, figure);
	}
}
