// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/report_page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory_text.h"
#include "base/time_text.h"
#include "cmd/cpu_metrics.h"
#include "cmd/report_blame.h"
#include "cmd/why_page.h"
#include "render/html.h"
#include "render/summary.h"
#include "render/svg_heat.h"
#include "render/table.h"

/* More would be a page of many MiB that nobody reads. */
#define VERDICTS_MAX 24
#define HEAT_MAX 40
#define ROWS_MAX 100

#define FIGURES "VM,VCPUS,%RUN,%RDY,%WAKE,%PRE,%THR,MEAN,P99,MAX,LAG"

/* Text that other functions have printed becomes paragraphs of a page. */
static int put_lines(FILE *file, struct memory_text *lines, const char *class)
{
	if (memory_text__end(lines))
		return -ENOMEM;
	for (char *line = lines->text, *end; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		if (!*line)
			continue;
		html__element(file, "p", class, line);
		putc('\n', file);
	}
	free(lines->text);
	return 0;
}

static void put_rest(FILE *file, size_t count, const char *what)
{
	if (count)
		fprintf(file, "<p class=\"dim\">%zu more %s%s, none worse: --vm chooses</p>\n",
			count, what, count == 1 ? "" : "s");
}

static int put_head(FILE *file, const struct report *report)
{
	const struct report_heat *heat = report->heat;
	struct summary summary = summary__of(&heat->first, &heat->last);
	char from[40], to[40];
	struct memory_text lines;

	if (memory_text__begin(&lines))
		return -ENOMEM;
	summary__count(&summary, &report->why->facts.vms);
	summary__print_header(lines.file, &summary, NULL);
	format_local_time(from, heat->begin_ns, report->options->utc);
	format_local_time(to, heat->end_ns, report->options->utc);
	fprintf(lines.file, "%s to %s, by %s %s\n", from, to, heat->run.tool, heat->run.version);
	if (heat->runs > 1) {
		format_local_time(from, heat->first.sched.realtime_ns, report->options->utc);
		fprintf(lines.file,
			"%zu runs: verdicts, blame and figures are of the last one, from %s on\n",
			heat->runs, from);
	}
	if (heat->runs_left_out)
		fprintf(lines.file, "%zu earlier runs are not shown: --until chooses\n",
			heat->runs_left_out);
	if (heat->is_cut)
		fprintf(lines.file, "only the latest %d moments are shown: --until chooses\n",
			RECORDING_MOMENTS);
	return put_lines(file, &lines, "dim");
}

static void put_part(FILE *file, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	fprintf(file, "<p><span class=\"dim\">%s</span> ", label);
	html__text(file, text);
	fputs("</p>\n", file);
}

static void put_command(FILE *file, const char *label, const char *text)
{
	if (!*text)
		return;
	fprintf(file, "<p class=\"dim\">%s</p>", label);
	html__element(file, "code", NULL, text);
	putc('\n', file);
}

static int put_verdict(FILE *file, const struct verdict *verdict)
{
	struct memory_text lines;
	int error;

	fprintf(file, "<section class=\"card\"><h3><span class=\"tag %s\">%s</span>",
		verdict->level == WHY_ACT ? "bad" : "mid", why_level__name(verdict->level));
	html__text(file, verdict->vm->vm->name);
	fputs("</h3>\n<p>", file);
	html__format(file, "%s (%s)", verdict->summary, verdict->rule->name);
	fputs("</p>\n", file);
	if (memory_text__begin(&lines))
		return -ENOMEM;
	why_evidence__put(lines.file, verdict);
	error = put_lines(file, &lines, "dim");
	put_part(file, "by", verdict->culprit);
	put_part(file, "do", verdict->remedy);
	put_command(file, "run", verdict->command);
	put_command(file, "undo", verdict->undo);
	put_part(file, "but", *verdict->remedy ? verdict->against : NULL);
	fputs("</section>\n", file);
	return error;
}

static int put_verdicts(FILE *file, const struct why *why)
{
	struct memory_text lines;
	size_t count = 0;
	int error = 0;

	fputs("<h2>Verdicts</h2>\n<div class=\"grid\">\n", file);
	for (size_t i = 0; i < why->verdicts.count && !error; i++)
		if (why->verdicts.list[i].level > WHY_OK && ++count <= VERDICTS_MAX)
			error = put_verdict(file, &why->verdicts.list[i]);
	fputs("</div>\n", file);
	put_rest(file, count > VERDICTS_MAX ? count - VERDICTS_MAX : 0, "verdict");
	if (error || memory_text__begin(&lines))
		return -ENOMEM;
	why_page__print_rest(lines.file, why);
	return put_lines(file, &lines, "dim");
}

static double share_of(const struct report_cell *cell)
{
	return cell->elapsed_ns > 0 ? 100 * cell->ready_ns / cell->elapsed_ns : 0;
}

static void put_heat_row(FILE *file, const struct report *report, const struct report_vm *vm)
{
	struct svg_heat_cell cells[REPORT_CELLS];
	const struct report_heat *heat = report->heat;
	char label[VM_SHOWN_SIZE + 64];

	for (size_t i = 0; i < heat->cells; i++)
		cells[i] = (struct svg_heat_cell){ vm->cells[i].elapsed_ns > 0,
						   share_of(&vm->cells[i]) };
	snprintf(label, sizeof(label), "%s waited for a CPU %.1f %% of the time", vm->name,
		 share_of(&vm->all));
	html__element(file, "div", "name", vm->name);
	fputs("<div>", file);
	svg_heat__print(file, &(struct svg_heat){ label, cells, heat->cells, heat->begin_ns,
						  heat->end_ns, report->options->utc });
	fprintf(file, "</div><div class=\"num\">%.2f %%</div>\n", share_of(&vm->all));
}

static void put_heat(FILE *file, const struct report *report)
{
	const struct report_heat *heat = report->heat;
	size_t shown = heat->count < HEAT_MAX ? heat->count : HEAT_MAX;
	char from[40], to[40];

	fputs("<h2>Waits over time</h2>\n", file);
	if (!shown) {
		fputs("<p class=\"dim\">no vCPU was recorded</p>\n", file);
		return;
	}
	fputs("<p class=\"dim\">share of its vCPUs' time in which a VM waited for a CPU; what is "
	      "empty was not recorded</p>\n",
	      file);
	svg_heat__print_key(file);
	fputs("<div class=\"heat\">\n", file);
	for (size_t i = 0; i < shown; i++)
		put_heat_row(file, report, &heat->list[i]);
	format_local_time(from, heat->begin_ns, report->options->utc);
	format_local_time(to, heat->end_ns, report->options->utc);
	fprintf(file,
		"<div class=\"name\"></div><div class=\"ends dim\"><span>%.19s</span>"
		"<span>%.19s</span></div><div></div>\n</div>\n",
		from, to);
	put_rest(file, heat->count - shown, "VM");
	if (heat->vms_left_out)
		fprintf(file,
			"<p class=\"dim\">VMs after the first %d are not shown: --vm "
			"chooses</p>\n",
			REPORT_VMS_MAX);
}

static void put_figures(FILE *file, const struct report_order *order)
{
	size_t shown = order->count < ROWS_MAX ? order->count : ROWS_MAX;
	struct columns columns = { .count = 0 };
	char cell[CELL_SIZE];

	if (!shown || columns__select(&columns, &cpu_metrics, BY_VM, FIGURES))
		return;
	fputs("<h2>Figures</h2>\n<div class=\"wide\"><table class=\"stack\"><thead><tr>", file);
	for (size_t i = 0; i < columns.count; i++)
		html__element(file, "th", i ? "num" : NULL, columns.list[i]->header);
	fputs("</tr></thead><tbody>\n", file);
	for (size_t i = 0; i < shown; i++) {
		fputs("<tr>", file);
		for (size_t j = 0; j < columns.count; j++) {
			const struct metric *metric = columns.list[j];

			table__cell(cell, metric, order->list[i]->row);
			fputs(j ? "<td class=\"num\" data-l=\"" : "<td class=\"all", file);
			html__text(file, j ? metric->header : "");
			fputs("\">", file);
			html__text(file, cell);
			fputs("</td>", file);
		}
		fputs("</tr>\n", file);
	}
	fputs("</tbody></table></div>\n<p class=\"dim\">MEAN, P99, MAX and LAG in ms</p>\n", file);
	put_rest(file, order->count - shown, "VM");
}

static int put_losses(FILE *file, const struct report *report)
{
	struct summary summary = summary__of(&report->heat->first, &report->heat->last);
	const struct loss_set losses = summary__losses(&summary);
	struct cost_shares cost = summary__cost(&summary);
	struct memory_text lines;

	if (memory_text__begin(&lines))
		return -ENOMEM;
	cost__print(lines.file, &cost, report->heat->run.tool);
	losses__print(lines.file, &losses, 1, NULL);
	return put_lines(file, &lines, "dim");
}

int report_page__print(FILE *file, const struct report *report)
{
	struct report_order order = { .count = 0 };
	char title[128], time[40];
	int error;

	format_local_time(time, report->heat->begin_ns, report->options->utc);
	snprintf(title, sizeof(title), "kvmq: %s, %.19s", report->heat->run.host, time);
	error = report_order__make(&order, &report->why->facts);
	if (error)
		return error;
	html__begin(file, title);
	error = put_head(file, report);
	if (!error)
		error = put_verdicts(file, report->why);
	put_heat(file, report);
	report_blame__print(file, &order);
	put_figures(file, &order);
	if (!error)
		error = put_losses(file, report);
	html__end(file);
	report_order__free(&order);
	return error;
}
