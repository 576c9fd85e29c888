// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/diff_report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"

#define CELL 16
#define INTERVAL_SIZE 48
#define NAME_COLUMNS 25
#define TERMINAL_COLUMNS 80
#define LKML_COLUMNS 75
#define NEEDED_MAX 9999

/* Three digits that count, and never an exponent. */
static void put_number(char text[CELL], double value, const char *unit)
{
	double size = fabs(value);
	int decimals = size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;

	snprintf(text, CELL, "%.*f%s", decimals, value, unit);
}

/* A value in the largest unit that leaves a whole part. */
static void put_value(char text[CELL], double value, const char *unit)
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

static void put_interval(char text[INTERVAL_SIZE], const struct comparison *comparison,
			 const char *unit)
{
	const struct shift *shift = &comparison->shift;
	char low[CELL], high[CELL];

	if (!shift->bounded) {
		snprintf(text, INTERVAL_SIZE, "n/a");
		return;
	}
	if (comparison->is_ratio) {
		snprintf(text, INTERVAL_SIZE, "%.3f-%.3f", shift->low, shift->high);
		return;
	}
	put_value(low, shift->low, unit);
	put_value(high, shift->high, unit);
	snprintf(text, INTERVAL_SIZE, "%s..%s", low, high);
}

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
	char a[CELL], b[CELL], ratio[CELL] = "-", interval[INTERVAL_SIZE];

	put_value(a, comparison->a_median, figure->unit);
	put_value(b, comparison->b_median, figure->unit);
	put_interval(interval, comparison, figure->unit);
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
	char interval[INTERVAL_SIZE], change[CELL] = "-", ratio[CELL] = "-", cv[CELL], runs[CELL];

	put_interval(interval, comparison, figure->unit);
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
	const struct diff_run *first = NULL;
	size_t left_out = 0;

	for (size_t i = 0; i < report->runs->count; i++) {
		const struct diff_run *run = &report->runs->list[i];

		if (run->side != side)
			continue;
		first = first ? first : run;
		left_out += run->is_left_out;
	}
	if (!first)
		return;
	text_line(file, "%c: %zu run%s of %.1f s, %s %s, %u VM%s, %u vCPU%s%s",
		  side == SIDE_A ? 'A' : 'B', report->table->runs[side],
		  report->table->runs[side] == 1 ? "" : "s",
		  (double)first->length_ns / NSEC_PER_SEC, first->host.name, first->host.kernel,
		  first->vms, first->vms == 1 ? "" : "s", first->vcpus,
		  first->vcpus == 1 ? "" : "s", left_out ? "; some are left out" : "");
}

/* What is said of a primary figure in a sentence. */
static void print_verdict(FILE *file, const struct diff_report *report, const struct figure *figure,
			  unsigned int columns)
{
	const struct comparison *comparison = &figure->comparison;
	char line[FIGURE_ROLE_SIZE + FIGURE_NAME_SIZE + 256], advice[128] = "";

	if (comparison->needed > NEEDED_MAX)
		snprintf(advice, sizeof(advice), ": more than %d runs a side would be needed",
			 NEEDED_MAX);
	else if (comparison->needed > 0)
		snprintf(advice, sizeof(advice),
			 ": about %.0f %s would do, if the estimate is right", comparison->needed,
			 figure->runs.paired ? "pairs" : "runs a side");
	snprintf(line, sizeof(line), "%s%s%s: %s, margin %.3g %%%s", figure->role,
		 *figure->role ? " " : "", figure->name, judgement__name(comparison->judgement),
		 100 * report->question->margin, advice);
	text_wrap(file, line, columns);
}

static void print_header(FILE *file, const char *role, bool lkml)
{
	putc('\n', file);
	if (lkml) {
		text_put(file, *role ? role : "scores", NAME_COLUMNS);
		fprintf(file, " %6s %9s %10s %12s %5s\n", "B/A", "[imp]", "(CV A, B)", "95 %", "n");
		return;
	}
	text_put(file, *role ? role : "scores", NAME_COLUMNS);
	fprintf(file, " %8s %8s %6s %12s %5s\n", "A", "B", "B/A", "95 %", "p");
}

/* What is 0 in all runs is left to JSON, unless it is primary. */
static bool is_nothing(const struct figure *figure)
{
	return !figure->is_primary && figure__is_constant(figure) &&
	       figure->comparison.a_median == 0;
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

		if (!figure->comparison.a_count || is_nothing(figure))
			continue;
		if (!last || last->is_primary != figure->is_primary ||
		    strcmp(last->role, figure->role) != 0)
			print_header(file, figure->role, lkml);
		last = figure;
		if (lkml)
			print_lkml_figure(file, figure);
		else
			print_figure(file, figure);
	}
}
