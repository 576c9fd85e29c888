// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/numa_report.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/table_options.h"
#include "cmd/numa_metrics.h"
#include "numa/numa_rows.h"
#include "render/json.h"
#include "render/matrix.h"
#include "render/metric.h"
#include "render/numa_line.h"
#include "render/summary.h"
#include "render/table.h"
#include "render/terminal.h"

#define SCHEMA "kvmq.numa/1"

struct numa_report {
	const struct options *options;
	struct rows rows;
	struct numa_rows numa_rows;
	struct columns columns;
	const struct metric *sort;
	bool events_begun;
};

static const struct loss numa_loss_list[] = {
	LOSS_OF(struct numa_losses, "numa_events", events, "events of nodes dropped (buffer full)"),
	LOSS_OF(struct numa_losses, "faults", faults, "hint faults not seen"),
};

static const struct loss_table numa_losses = LOSS_TABLE(numa_loss_list);

static struct loss_pair losses_of(const struct view *view)
{
	return losses__pair(view, &numa_losses, &view->numa.losses);
}

static int init(void *data, const struct options *options, int *status)
{
	static const struct table_choice choice = { .metrics = &numa_metrics,
						    .sort = "expected_remote_pct" };
	struct numa_report *report = data;

	report->options = options;
	return choose_table(&report->columns, &report->sort, &choice, options, status);
}

static void free_report(void *data)
{
	struct numa_report *report = data;

	rows__free(&report->rows);
	numa_rows__free(&report->numa_rows);
}

/* One of no VM that is known is not shown. */
static void print_event(void *data, FILE *file, const struct view *before, const void *item)
{
	struct numa_report *report = data;
	const struct named_burst *event = item;

	(void)before;
	if (!event->names.vm[0])
		return;
	if (events_are_text(report->options, &report->events_begun, file, numa_line__print_header))
		numa_line__print(file, event, report->options->utc);
	else
		json__print(file, numa_line__json(event));
}

static int make_rows(struct numa_report *report, const struct view *before,
		     const struct view *after)
{
	const struct numa_moments moments = { &before->numa, &after->numa, &after->sched };
	enum group_by by = report->options->by;
	int error = rows__make(&report->rows, &before->sched, &after->sched, by);

	if (error)
		return error;
	return numa_rows__make(&report->numa_rows, &report->rows, by, &moments);
}

/* The time on a CPU that readings of residency took in the interval. */
static uint64_t residency_cost(const struct view *before, const struct view *after)
{
	return after->numa.residency_cost_ns - before->numa.residency_cost_ns;
}

static json_t *json_of_nodes(const struct nodes *nodes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < nodes->count; i++) {
		const struct node *node = &nodes->list[i];
		json_t *distances = json_object();
		char other[16];

		for (uint32_t to = 0; to < nodes__limit(nodes); to++) {
			snprintf(other, sizeof(other), "%u", to);
			if (node->distance[to])
				json_object_set_new(distances, other,
						    json_integer(node->distance[to]));
		}
		json_array_append_new(list, json_pack("{s:i,s:i,s:I,s:o}", "node", (int)node->id,
						      "cpus", (int)node->cpus, "memory_bytes",
						      (json_int_t)node->memory_bytes, "distance",
						      distances));
	}
	return list;
}

static json_t *json_missing(const char *missing)
{
	return json__text(*missing ? missing : NULL);
}

static int print_json(struct numa_report *report, FILE *file, const struct summary *summary,
		      const struct view *before, const struct view *after)
{
	static const char *const balancing[] = { NULL, "off", "on", "tiering" };
	const struct numa_snapshot *numa = &after->numa;
	const struct loss_pair losses = losses_of(after);
	struct json_rows rows;
	json_t *object = summary__json(summary, SCHEMA, losses.sets, 2);
	json_t *cost = json_object_get(object, "cost");

	json_object_set_new(cost, "residency_ns",
			    json_integer((json_int_t)residency_cost(before, after)));
	json_object_set_new(object, "balancing", json__text(balancing[numa->balancing]));
	json_object_set_new(object, "faults_missing", json_missing(numa->faults_missing));
	json_object_set_new(object, "migrations_missing", json_missing(numa->migrations_missing));
	json_object_set_new(object, "bandwidth_available", json_boolean(numa->bandwidth_available));
	json_object_set_new(object, "nodes", json_of_nodes(&numa->nodes));
	json_rows__begin(&rows, file, object);
	for (size_t i = 0; i < report->numa_rows.count; i++) {
		json_t *row = json__row(&numa_metrics, &report->numa_rows.list[i]);

		numa_metrics__add_nodes(row, &report->numa_rows.list[i]);
		json_rows__add(&rows, row);
	}
	return json_rows__end(&rows);
}

static bool lacks_faults(const struct numa_row *row)
{
	return row->reason != FAULTS_KNOWN && row->reason != FAULTS_ONE_NODE;
}

static bool lacks_residency(const struct numa_row *row)
{
	return !numa_row__memory(row) && row->vm && *row->vm->residency_missing;
}

static bool lacks_something(const struct numa_row *row)
{
	return lacks_faults(row) || lacks_residency(row);
}

/* Whether one of the first rows is of that VM, which --sort may have put anywhere, and lacks. */
static bool is_explained(const struct numa_row *rows, size_t count, const struct vm *vm)
{
	while (count-- > 0)
		if (rows[count].row.vm == vm && lacks_something(&rows[count]))
			return true;
	return false;
}

/* Why figures are n/a, and what would give them: once for each VM that lacks some. */
static void print_reasons(const struct numa_report *report, FILE *file,
			  const struct numa_snapshot *numa)
{
	const struct numa_row *rows = report->numa_rows.list;
	bool begun = false;

	for (size_t i = 0; i < report->numa_rows.count; i++) {
		const char *name = rows[i].row.vm->name;

		if (!lacks_something(&rows[i]) || is_explained(rows, i, rows[i].row.vm))
			continue;
		if (!begun)
			putc('\n', file);
		begun = true;
		if (lacks_faults(&rows[i]))
			terminal_line(file, "%s: RFLT%% is n/a: %s", name,
				      fault_reason__remedy(rows[i].reason, numa));
		if (lacks_residency(&rows[i]))
			terminal_line(file, "%s: MB, N%%L and XREM%% are n/a: %s", name,
				      rows[i].vm->residency_missing);
	}
	if (*numa->migrations_missing && !*numa->faults_missing) {
		fputs(begun ? "" : "\n", file);
		terminal_line(file, "IN/s and OUT/s are n/a: %s", numa->migrations_missing);
	}
}

static void print_details(FILE *file, const struct summary *summary, const struct view *before,
			  const struct view *after)
{
	uint64_t cost = residency_cost(before, after);
	uint64_t time = after->sched.time_ns - before->sched.time_ns;

	terminal_line(
		file,
		"sources: run time: sched_switch; MB, N%%L, XREM%%: SRC; RFLT%%, IN/s, OUT/s: "
		"hint faults of vCPUs%s",
		after->numa.bandwidth_available ? "; RBW%: resctrl" : "");
	fprintf(file, "cost of residency: %.3f %% of one CPU, a part of kvmq-numa's\n",
		time ? (double)cost * 100.0 / (double)time : 0.0);
	summary__print_switches(file, summary);
}

static void print_footer(const struct numa_report *report, FILE *file,
			 const struct summary *summary, const struct view *before,
			 const struct view *after)
{
	const struct loss_pair losses = losses_of(after);
	struct cost_shares cost = summary__cost(summary);
	bool verbose = report->options->verbose;

	putc('\n', file);
	if (verbose)
		print_details(file, summary, before, after);
	cost__print(file, &cost, "kvmq-numa");
	losses__print(file, losses.sets, 2, verbose ? NULL : &report->columns);
	putc('\n', file);
}

static int print_text(struct numa_report *report, FILE *file, const struct summary *summary,
		      const struct view *before, const struct view *after)
{
	const struct numa_rows *rows = &report->numa_rows;
	unsigned int width = terminal_width(file);
	int error = 0;

	if (report->options->timestamp)
		summary__print_time(file, after->sched.realtime_ns, report->options->utc);
	summary__print_header(file, summary, NULL);
	if (after->numa.nodes.count < 2)
		fputs("this host has one node: all memory is local\n", file);
	if (rows->count)
		error = table__print(file, &report->columns, rows->list, sizeof(*rows->list),
				     rows->count, width);
	else
		fputs("no vCPU has run yet\n", file);
	for (size_t i = 0; i < rows->count && report->options->hist; i++) {
		putc('\n', file);
		matrix__print(file, &rows->list[i], width);
	}
	if (error)
		return error;
	print_reasons(report, file, &after->numa);
	print_footer(report, file, summary, before, after);
	return 0;
}

static int print(void *data, FILE *file, const struct view *before, const struct view *after)
{
	struct numa_report *report = data;
	struct summary summary = summary__of(before, after);
	const struct loss_pair earlier = losses_of(before), losses = losses_of(after);
	int error = make_rows(report, before, after);

	if (error)
		return error;
	summary__count(&summary, &report->rows);
	sort_rows(report->sort, report->options, report->numa_rows.list, &report->numa_rows.count,
		  sizeof(*report->numa_rows.list));
	if (report->options->json)
		return print_json(report, file, &summary, before, after);
	if (!report->options->events)
		return print_text(report, file, &summary, before, after);
	/* An event line says nothing of those that are not there. */
	losses__print_change(file, earlier.sets, losses.sets, 2);
	return 0;
}

const struct report_ops numa_report = {
	.size = sizeof(struct numa_report),
	.init = init,
	.print = print,
	.print_event = print_event,
	.free = free_report,
};
