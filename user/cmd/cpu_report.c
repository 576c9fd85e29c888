// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/cpu_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "cli/table_options.h"
#include "cmd/blame_metrics.h"
#include "cmd/cpu_metrics.h"
#include "render/bars.h"
#include "render/json.h"
#include "render/metric.h"
#include "render/summary.h"
#include "render/table.h"
#include "render/terminal.h"
#include "render/wait_line.h"
#include "sched/blame.h"
#include "sched/rows.h"

#define SCHEMA "kvmq.cpu/1"
#define BLAME_LINES 20
#define OVERLAP_COLUMNS "VM,VCPUS,%RUN,%RDY,%HAZARD,%STALLED,WAITING,WAITMAX,LAG"

struct cpu_report {
	const struct options *options;
	struct rows rows;
	struct blame_list blame;
	struct columns columns;
	struct columns blame_columns;
	const struct metric *sort;
	bool events_begun;
};

static int init(void *data, const struct options *options, int *status)
{
	const struct table_choice choice = { .metrics = &cpu_metrics,
					     .columns =
						     options->cpu.overlap ? OVERLAP_COLUMNS : NULL,
					     .sort = "ready_pct" };
	struct cpu_report *report = data;

	report->options = options;
	return choose_table(&report->columns, &report->sort, &choice, options, status) ||
	       columns__select(&report->blame_columns, &blame_metrics, options->by, NULL);
}

static void free_report(void *data)
{
	struct cpu_report *report = data;

	rows__free(&report->rows);
	blame__free(&report->blame);
}

/* One of no VM that is known is not shown. */
static void print_wait(void *data, FILE *file, const struct view *before, const void *item)
{
	struct cpu_report *report = data;
	const struct named_wait *event = item;

	(void)before;
	if (!event->names.vm[0] ||
	    (!event->event.identity.is_vcpu && report->options->by != BY_THREAD))
		return;
	if (events_are_text(report->options, &report->events_begun, file, wait_line__print_header))
		wait_line__print(file, event, report->options->utc);
	else
		json__print(file, wait_line__json(event));
}

/* The offenders of a row; place is the first of them, and becomes the next row's. */
static json_t *blame_json(const struct blame_list *blame, size_t row, size_t *place)
{
	json_t *array = json_array();

	for (; *place < blame->count && blame->list[*place].row == row; (*place)++)
		json_array_append_new(array, json__row(&blame_metrics, &blame->list[*place]));
	return array;
}

static int print_json(struct cpu_report *report, FILE *file, const struct summary *summary)
{
	const struct loss_set losses = summary__losses(summary);
	struct json_rows rows;
	size_t place = 0;

	json_rows__begin(&rows, file, summary__json(summary, SCHEMA, &losses, 1));
	for (size_t i = 0; i < report->rows.count; i++) {
		json_t *row = json__row(&cpu_metrics, &report->rows.list[i]);

		if (report->options->hist)
			json_object_update_new(row,
					       bars__json(&cpu_metrics, &report->rows.list[i]));
		if (report->options->cpu.blame)
			json_object_set_new(row, "blame", blame_json(&report->blame, i, &place));
		json_rows__add(&rows, row);
	}
	return json_rows__end(&rows);
}

static void print_bars(FILE *file, const struct row *row, unsigned int width)
{
	char title[VM_SHOWN_SIZE + 64];

	if (!row->identity.tid)
		snprintf(title, sizeof(title), "%s: waits", row->vm->name);
	else if (row->identity.is_vcpu && row->identity.vcpu != VCPU_UNKNOWN)
		snprintf(title, sizeof(title), "%s vCPU %d: waits", row->vm->name,
			 row->identity.vcpu);
	else
		snprintf(title, sizeof(title), "%s %s (%u): waits", row->vm->name,
			 row->identity.comm, row->identity.tid);
	bars__print(file, title, &cpu_waits, row, width);
}

/* The worst pairs; how much the others are is said. */
static int print_blame(const struct cpu_report *report, FILE *file, unsigned int width)
{
	const struct blame_list *blame = &report->blame;
	size_t shown = blame->count < BLAME_LINES ? blame->count : BLAME_LINES;
	uint64_t rest = 0;
	char text[32];
	int error;

	while (shown && !blame->list[shown - 1].ns)
		shown--;
	if (!shown)
		return 0;
	fputs("\nwho ran while they waited:\n", file);
	error = table__print(file, &report->blame_columns, blame->list, sizeof(*blame->list), shown,
			     width);
	for (size_t i = shown; i < blame->count; i++)
		rest += blame->list[i].ns;
	if (rest) {
		format_fixed(text, (rest + NSEC_PER_USEC / 2) / NSEC_PER_USEC, 3);
		fprintf(file, "%zu more pairs: %s ms; --json has them all\n", blame->count - shown,
			text);
	}
	putc('\n', file);
	return error;
}

static void print_footer(const struct cpu_report *report, FILE *file, const struct summary *summary)
{
	const struct loss_set losses = summary__losses(summary);
	struct cost_shares cost = summary__cost(summary);
	bool verbose = report->options->verbose;

	if (verbose)
		summary__print_switches(file, summary);
	cost__print(file, &cost, "kvmq-cpu");
	losses__print(file, &losses, 1, verbose ? NULL : &report->columns);
	putc('\n', file);
}

static int print_text(struct cpu_report *report, FILE *file, const struct summary *summary)
{
	unsigned int width = terminal_width(file);
	int error;

	if (report->options->timestamp)
		summary__print_time(file, summary->after->realtime_ns, report->options->utc);
	summary__print_header(file, summary, "ms");
	if (report->rows.count) {
		error = table__print(file, &report->columns, report->rows.list,
				     sizeof(*report->rows.list), report->rows.count, width);
		if (error)
			return error;
	} else {
		fputs("no vCPU has run yet\n", file);
	}
	if (report->options->hist)
		for (size_t i = 0; i < report->rows.count; i++)
			print_bars(file, &report->rows.list[i], width);
	if (report->options->cpu.blame) {
		error = print_blame(report, file, width);
		if (error)
			return error;
	}
	print_footer(report, file, summary);
	return 0;
}

static int print(void *data, FILE *file, const struct view *earlier, const struct view *later)
{
	struct cpu_report *report = data;
	const struct snapshot *before = &earlier->sched, *after = &later->sched;
	struct summary summary = summary__of(earlier, later);
	const struct loss_set old = { &sched_losses, &before->losses, NULL, NULL };
	const struct loss_set losses = summary__losses(&summary);
	int error = rows__make(&report->rows, before, after, report->options->by);

	if (error)
		return error;
	summary__count(&summary, &report->rows);
	sort_rows(report->sort, report->options, report->rows.list, &report->rows.count,
		  sizeof(*report->rows.list));
	if (report->options->cpu.blame)
		error = blame__make(&report->blame, before, after, &report->rows,
				    report->options->by, report->options->json);
	if (error)
		return error;
	if (report->options->json)
		return print_json(report, file, &summary);
	if (!report->options->events)
		return print_text(report, file, &summary);
	/* An event line says nothing of those that are not there. */
	losses__print_change(file, &old, &losses, 1);
	return 0;
}

const struct report_ops cpu_report = {
	.size = sizeof(struct cpu_report),
	.init = init,
	.print = print,
	.print_event = print_wait,
	.free = free_report,
};
