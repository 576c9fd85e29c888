// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/exit_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "cli/table_options.h"
#include "cmd/exit_metrics.h"
#include "exits/exit_rows.h"
#include "render/bars.h"
#include "render/exit_line.h"
#include "render/json.h"
#include "render/metric.h"
#include "render/summary.h"
#include "render/table.h"
#include "render/terminal.h"

#define SCHEMA "kvmq.exit/1"

/* Rows, and the exits of each. */
struct exit_table {
	struct rows rows;
	struct exit_rows exits;
};

struct exit_report {
	const struct options *options;
	struct exit_table table;
	struct exit_table by_vm; /* whose reasons are shown beside vCPUs */
	struct columns columns;
	struct columns reason_columns;
	const struct metric *sort;
	bool events_begun;
};

static const struct loss exit_loss_list[] = {
	{ "reasons", "exits not booked by reason (table full)",
	  offsetof(struct exit_losses, reasons), NULL, SHARE_REASONS },
	LOSS_OF(struct exit_losses, "events", events, "events of exits dropped (buffer full)"),
	LOSS_OF(struct exit_losses, "exits", order, "entries and exits not seen"),
	LOSS_OF(struct exit_losses, "torn", torn, "readings of exits given up"),
};

static const struct loss_table exit_losses = LOSS_TABLE(exit_loss_list);

static struct loss_pair losses_of(const struct view *view)
{
	return losses__pair(view, &exit_losses, &view->exits.losses);
}

static int init(void *data, const struct options *options, int *status)
{
	static const struct table_choice choice = { .metrics = &exit_metrics,
						    .by_reason = &reason_metrics,
						    .sort = "%OUT" };
	struct exit_report *report = data;

	report->options = options;
	return choose_table(&report->columns, &report->sort, &choice, options, status) ||
	       columns__select(&report->reason_columns, &reason_metrics, BY_VM, NULL);
}

static void free_report(void *data)
{
	struct exit_report *report = data;

	rows__free(&report->table.rows);
	rows__free(&report->by_vm.rows);
	exit_rows__free(&report->table.exits);
	exit_rows__free(&report->by_vm.exits);
}

/* One of no VM that is known is not shown. */
static void print_exit(void *data, FILE *file, const struct view *before, const void *item)
{
	struct exit_report *report = data;
	const struct named_exit *event = item;

	(void)before;
	if (!event->names.vm[0])
		return;
	if (events_are_text(report->options, &report->events_begun, file, exit_line__print_header))
		exit_line__print(file, event, report->options->utc);
	else
		json__print(file, exit_line__json(event));
}

static int make_table(struct exit_table *table, enum group_by by, const struct view *before,
		      const struct view *after)
{
	int error = rows__make(&table->rows, &before->sched, &after->sched, by);

	if (error)
		return error;
	return exit_rows__make(&table->exits, &table->rows, by, &before->exits, &after->exits,
			       &after->sched);
}

/* What the programs at entries and exits cost; -1: not known. */
struct hook_cost {
	double runs, run_ns, pct;
};

static struct hook_cost hook_cost(const struct view *before, const struct view *after)
{
	const struct exit_cost *old = &before->exits.cost, *new = &after->exits.cost;
	struct hook_cost cost = { .run_ns = -1, .pct = -1 };

	/* Those of vCPUs that have gone are no longer there. */
	if (new->runs > old->runs)
		cost.runs = (double)(new->runs - old->runs);
	if (!new->samples)
		return cost;
	cost.run_ns = (double)new->sample_ns / (double)new->samples;
	cost.pct = cost.run_ns * cost.runs * 100.0 /
		   (double)(after->sched.time_ns - before->sched.time_ns);
	return cost;
}

static json_t *json_row(const struct exit_report *report, const struct exit_row *row)
{
	json_t *object = json__row(&exit_metrics, row), *reasons = json_array();

	for (size_t i = 0; i < row->reason_count; i++) {
		const struct reason_row *reason = row->reasons[i];
		json_t *entry = json__row(&reason_metrics, &reason);

		if (report->options->hist)
			json_object_update_new(entry, bars__json(&reason_metrics, &reason));
		json_array_append_new(reasons, entry);
	}
	json_object_set_new(object, "reasons", reasons);
	return object;
}

static int print_json(struct exit_report *report, FILE *file, const struct summary *summary,
		      const struct view *before, const struct view *after)
{
	static const char *const names[] = { NULL, "vmx", "svm" };
	const struct loss_pair losses = losses_of(after);
	struct json_rows rows;
	json_t *object = summary__json(summary, SCHEMA, losses.sets, 2);
	json_t *cost = json_object_get(object, "cost");
	struct hook_cost hooks = hook_cost(before, after);

	json_object_set_new(object, "isa", json__text(names[after->exits.isa]));
	json_object_set_new(cost, "exit_hook_runs", json_integer((json_int_t)hooks.runs));
	json_object_set_new(cost, "exit_hook_ns", json__known_real(hooks.run_ns));
	json_object_set_new(cost, "exit_hooks_pct", json__known_real(hooks.pct));
	json_rows__begin(&rows, file, object);
	for (size_t i = 0; i < report->table.exits.count; i++)
		json_rows__add(&rows, json_row(report, &report->table.exits.list[i]));
	return json_rows__end(&rows);
}

static void print_bars(FILE *file, const struct reason_row *reason, unsigned int width)
{
	char title[VM_SHOWN_SIZE + 64];

	snprintf(title, sizeof(title), "%s %s: handling", reason->row->vm->name, reason->name);
	bars__print(file, title, &reason_handling, &reason, width);
}

/* The reasons of all rows, the greatest handling time first. Returns their number. */
static size_t gather_reasons(const struct reason_row **list, const struct exit_rows *rows)
{
	size_t count = 0;

	for (size_t i = 0; i < rows->count; i++)
		for (size_t reason = 0; reason < rows->list[i].reason_count; reason++)
			list[count++] = rows->list[i].reasons[reason];
	metric__sort(metric__find(&reason_metrics, "handle_ns"), list, count, sizeof(*list));
	return count;
}

/* One table for all VMs; the shares of each add up to 100 %. */
static int print_reasons(const struct exit_report *report, FILE *file, const struct exit_rows *rows,
			 unsigned int width)
{
	const struct reason_row **list;
	size_t count;
	int error;

	if (!rows->reasons.count)
		return 0;
	list = malloc(rows->reasons.count * sizeof(*list));
	if (!list)
		return -ENOMEM;
	count = gather_reasons(list, rows);
	if (count)
		putc('\n', file);
	error = count ? table__print(file, &report->reason_columns, list, sizeof(*list), count,
				     width)
		      : 0;
	for (size_t i = 0; i < count && report->options->hist && !error; i++)
		print_bars(file, list[i], width);
	free(list);
	return error;
}

static void print_footer(const struct exit_report *report, FILE *file,
			 const struct summary *summary, const struct view *before,
			 const struct view *after)
{
	const struct loss_pair losses = losses_of(after);
	struct hook_cost hooks = hook_cost(before, after);
	struct cost_shares cost = summary__cost(summary);
	bool verbose = report->options->verbose;

	putc('\n', file);
	if (verbose && hooks.run_ns < 0)
		fputs("cost of exits: n/a per entry or exit\n", file);
	else if (verbose)
		fprintf(file, "cost of exits: %.0f ns per entry or exit; of one CPU %.3f %%\n",
			hooks.run_ns, hooks.pct);
	if (verbose)
		summary__print_switches(file, summary);
	cost.hooks_pct = cost__sum(cost.hooks_pct, hooks.pct);
	cost__print(file, &cost, "kvmq-exit");
	losses__print(file, losses.sets, 2, verbose ? NULL : &report->columns);
	putc('\n', file);
}

static int print_text(struct exit_report *report, FILE *file, const struct summary *summary,
		      const struct view *before, const struct view *after)
{
	const struct exit_rows *exits = &report->table.exits, *reasons = exits;
	unsigned int width = terminal_width(file);
	int error = 0;

	if (report->options->timestamp)
		summary__print_time(file, after->sched.realtime_ns, report->options->utc);
	summary__print_header(file, summary, "us");
	if (exits->count)
		error = table__print(file, &report->columns, exits->list, sizeof(*exits->list),
				     exits->count, width);
	else
		fputs("no vCPU has run yet\n", file);
	if (*after->exits.missing)
		terminal_line(file, "%%GUEST, %%KVM, %%VMM and exits are n/a: %s",
			      after->exits.missing);
	if (!error && report->options->by != BY_VM) {
		error = make_table(&report->by_vm, BY_VM, before, after);
		reasons = &report->by_vm.exits;
	}
	if (!error)
		error = print_reasons(report, file, reasons, width);
	if (!error)
		print_footer(report, file, summary, before, after);
	return error;
}

static int print(void *data, FILE *file, const struct view *before, const struct view *after)
{
	struct exit_report *report = data;
	struct summary summary = summary__of(before, after);
	const struct loss_pair earlier = losses_of(before), losses = losses_of(after);
	int error = make_table(&report->table, report->options->by, before, after);

	if (error)
		return error;
	summary__count(&summary, &report->table.rows);
	sort_rows(report->sort, report->options, report->table.exits.list,
		  &report->table.exits.count, sizeof(*report->table.exits.list));
	if (report->options->json)
		return print_json(report, file, &summary, before, after);
	if (!report->options->events)
		return print_text(report, file, &summary, before, after);
	/* An event line says nothing of those that are not there. */
	losses__print_change(file, earlier.sets, losses.sets, 2);
	return 0;
}

const struct report_ops exit_report = {
	.size = sizeof(struct exit_report),
	.init = init,
	.print = print,
	.print_event = print_exit,
	.free = free_report,
};
