// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/diff_html.h"

#include <string.h>

#include "cmd/diff_words.h"
#include "render/html.h"
#include "render/svg_runs.h"
#include "render/svg_waits.h"
#include "sched/rows.h"

/* More would be a page of many MiB that nobody reads. */
#define PANELS_MAX 12
#define FIGURES_MAX 200
#define OFFENDERS_SHOWN 8
#define NOTES_MAX 64

/* What is worse comes first, since the rest may have no room. */
static const enum judgement order[] = { JUDGED_WORSE, JUDGED_DIFFERENT, JUDGED_UNDECIDED,
					JUDGED_BETTER, JUDGED_NO_WORSE };
#define ORDER_COUNT (sizeof(order) / sizeof(order[0]))

static const char *class_of(enum judgement judgement)
{
	switch (judgement) {
	case JUDGED_WORSE:
		return "tag bad";
	case JUDGED_NO_WORSE:
	case JUDGED_BETTER:
		return "tag good";
	default:
		return "tag mid";
	}
}

static void put_tag(FILE *file, enum judgement judgement)
{
	html__element(file, "span", class_of(judgement), judgement__name(judgement));
}

/* So many more, of which nothing is shown. */
static void put_rest(FILE *file, size_t count, const char *what, const char *where)
{
	if (count)
		fprintf(file, "<p class=\"dim\">%zu more %s%s: %s</p>\n", count, what,
			count == 1 ? "" : "s", where);
}

static void put_head(FILE *file, const struct diff_report *report)
{
	char line[DIFF_LINE];

	fputs("<p>", file);
	put_tag(file, report->verdict);
	html__format(file, "of %s, margin %.3g %%", report->question->primary,
		     100 * report->question->margin);
	fputs("</p>\n", file);
	for (int side = SIDE_A; side < SIDES; side++) {
		diff_words__side(line, sizeof(line), report, side);
		if (*line)
			html__element(file, "p", side == SIDE_A ? "ca" : "cb", line);
	}
	putc('\n', file);
}

static void put_notes(FILE *file, const struct diff_notes *notes)
{
	size_t shown = notes->count < NOTES_MAX ? notes->count : NOTES_MAX;

	if (!notes->count)
		return;
	fputs("<h2>To know first</h2>\n<ul>\n", file);
	for (size_t i = 0; i < shown; i++) {
		html__element(file, "li", NULL, notes->list[i].text);
		putc('\n', file);
	}
	fputs("</ul>\n", file);
	put_rest(file, notes->count - shown, "note", "--json has all");
}

static void put_dots(FILE *file, const struct figure *figure)
{
	const struct figure_runs *runs = &figure->runs;
	const struct comparison *is = &figure->comparison;
	char label[DIFF_LINE], a[DIFF_CELL], b[DIFF_CELL];

	diff_words__value(a, is->a_median, figure->unit);
	diff_words__value(b, is->b_median, figure->unit);
	snprintf(label, sizeof(label), "%s by run: median of A %s, of B %s", figure->name, a, b);
	svg_runs__print(file, &(struct svg_runs){ label, runs->a, runs->b, runs->a_count,
						  runs->b_count, is->a_median, is->b_median });
}

static void put_interval(FILE *file, const struct diff_report *report, const struct figure *figure)
{
	const struct comparison *is = &figure->comparison;
	double margin = 1 + report->question->margin;

	if (!is->is_ratio || !is->shift.bounded)
		return;
	fprintf(file,
		"<p class=\"dim\">B/A %.3f, 95 %% from %.3f to %.3f; the bar is the margin</p>",
		is->shift.estimate, is->shift.low, is->shift.high);
	svg_interval__print(file, &(struct svg_interval){ is->shift.estimate, is->shift.low,
							  is->shift.high, 1 / margin, margin });
}

static double share_pct(uint64_t ns, uint64_t elapsed_ns)
{
	return (double)share_mpct(ns, elapsed_ns) / 1000;
}

static void put_offender(FILE *file, const struct diff_waits *waits, const char *who,
			 const uint64_t ns[SIDES])
{
	fputs("<tr>", file);
	html__element(file, "td", NULL, who);
	for (int side = SIDE_A; side < SIDES; side++) {
		double pct = share_pct(ns[side], waits->elapsed_ns[side]);

		fprintf(file, "<td class=\"num h%u\">%.2f %%</td>", html__shade(pct), pct);
	}
	fputs("</tr>\n", file);
}

static void put_offenders(FILE *file, const struct diff_waits *waits)
{
	size_t shown = waits->offender_count;
	uint64_t rest[SIDES] = { waits->other_ns[SIDE_A], waits->other_ns[SIDE_B] };

	if (!shown) {
		fputs("<p class=\"dim\">who ran meanwhile was not recorded</p>\n", file);
		return;
	}
	shown = shown < OFFENDERS_SHOWN ? shown : OFFENDERS_SHOWN;
	fputs("<table><thead><tr><th>who ran instead, in % of its vCPUs' time</th>"
	      "<th class=\"num ca\">A</th><th class=\"num cb\">B</th></tr></thead><tbody>\n",
	      file);
	for (size_t i = 0; i < shown; i++)
		put_offender(file, waits, waits->offenders[i].who, waits->offenders[i].ns);
	for (size_t i = shown; i < waits->offender_count; i++)
		for (int side = SIDE_A; side < SIDES; side++)
			rest[side] += waits->offenders[i].ns[side];
	if (rest[SIDE_A] || rest[SIDE_B])
		put_offender(file, waits, "others", rest);
	fputs("</tbody></table>\n", file);
}

static bool has_waits(const struct diff_waits *waits)
{
	for (size_t i = 0; i < HIST_BUCKETS; i++)
		if (waits->counts[SIDE_A][i] || waits->counts[SIDE_B][i])
			return true;
	return false;
}

static void put_waits(FILE *file, const struct diff_waits *waits)
{
	const struct svg_waits picture = { "how long waits for a CPU were, in A and in B",
					   waits->counts[SIDE_A], waits->counts[SIDE_B] };

	if (has_waits(waits)) {
		fputs("<p class=\"dim\">how long waits for a CPU were, "
		      "<span class=\"ca\">A</span> and <span class=\"cb\">B</span>, each as shares "
		      "of its own number</p>",
		      file);
		svg_waits__print(file, &picture);
	} else {
		fputs("<p class=\"dim\">no wait for a CPU in any run</p>\n", file);
	}
	put_offenders(file, waits);
}

static void put_panel(FILE *file, const struct diff_report *report, const struct figure *figure)
{
	const struct diff_waits *waits = diff_waits__find(&report->runs->waits, figure->role);
	char line[DIFF_LINE];

	fputs("<section class=\"card\">", file);
	html__element(file, "h3", NULL, diff_words__role(figure));
	diff_words__verdict(line, sizeof(line), report, figure);
	html__element(file, "p", class_of(figure->comparison.judgement) + strlen("tag "), line);
	putc('\n', file);
	if (figure->comparison.a_count) {
		put_dots(file, figure);
		put_interval(file, report, figure);
	}
	if (waits)
		put_waits(file, waits);
	fputs("</section>\n", file);
}

static void put_panels(FILE *file, const struct diff_report *report)
{
	const struct figure_table *table = report->table;
	size_t count = 0;

	fputs("<h2>What decides</h2>\n<div class=\"grid\">\n", file);
	for (size_t i = 0; i < ORDER_COUNT; i++)
		for (size_t j = 0; j < table->count && table->list[j].is_primary; j++)
			if (table->list[j].comparison.judgement == order[i] &&
			    ++count <= PANELS_MAX)
				put_panel(file, report, &table->list[j]);
	fputs("</div>\n", file);
	put_rest(file, count > PANELS_MAX ? count - PANELS_MAX : 0, "role", "choose with --role");
}

/* On a narrow page, a figure is a block, and each cell has a label. */
static void put_cell(FILE *file, const char *label, const char *text)
{
	fprintf(file, "<td class=\"num\" data-l=\"%s\">", label);
	html__text(file, text);
	fputs("</td>", file);
}

static void put_figure(FILE *file, const struct figure *figure)
{
	const struct comparison *is = &figure->comparison;
	char a[DIFF_CELL], b[DIFF_CELL], ratio[DIFF_CELL] = "-", interval[DIFF_INTERVAL];
	char p[DIFF_CELL];

	diff_words__value(a, is->a_median, figure->unit);
	diff_words__value(b, is->b_median, figure->unit);
	diff_words__interval(interval, is, figure->unit);
	if (is->is_ratio)
		snprintf(ratio, sizeof(ratio), "%.3f", is->shift.estimate);
	snprintf(p, sizeof(p), "%.3f", figure->p_corrected);
	fputs("<tr>", file);
	html__element(file, "td", "all", diff_words__role(figure));
	html__element(file, "td", "all", figure->name);
	fputs("<td class=\"all dots\">", file);
	put_dots(file, figure);
	fputs("</td>", file);
	put_cell(file, "A", a);
	put_cell(file, "B", b);
	put_cell(file, "B/A", ratio);
	put_cell(file, "95 %", interval);
	put_cell(file, "p", p);
	fputs("<td>", file);
	put_tag(file, is->judgement);
	fputs("</td></tr>\n", file);
}

static void put_figures(FILE *file, const struct figure_table *table)
{
	size_t count = 0;

	fputs("<h2>All figures</h2>\n<div class=\"wide\"><table class=\"stack full\"><thead><tr>"
	      "<th>VMs</th><th>figure</th><th>runs: <span class=\"ca\">A above</span>, "
	      "<span class=\"cb\">B below</span></th><th class=\"num\">A</th>"
	      "<th class=\"num\">B</th><th class=\"num\">B/A</th><th class=\"num\">95 %</th>"
	      "<th class=\"num\">p</th><th>verdict</th></tr></thead><tbody>\n",
	      file);
	for (size_t i = 0; i < ORDER_COUNT; i++)
		for (size_t j = 0; j < table->count; j++)
			if (table->list[j].comparison.judgement == order[i] &&
			    diff_words__is_shown(&table->list[j]) && ++count <= FIGURES_MAX)
				put_figure(file, &table->list[j]);
	fputs("</tbody></table></div>\n", file);
	put_rest(file, count > FIGURES_MAX ? count - FIGURES_MAX : 0, "figure", "--json has all");
}

void diff_html__print(FILE *file, const struct diff_report *report)
{
	html__begin(file, "kvmq-diff: is B worse than A?");
	put_head(file, report);
	put_notes(file, report->notes);
	put_panels(file, report);
	put_figures(file, report->table);
	html__end(file);
}
