// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/io_report.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/table_options.h"
#include "cmd/io_metrics.h"
#include "cmd/io_reasons.h"
#include "io/io_rows.h"
#include "render/bars.h"
#include "render/io_line.h"
#include "render/json.h"
#include "render/layers.h"
#include "render/metric.h"
#include "render/summary.h"
#include "render/table.h"
#include "render/terminal.h"

#define SCHEMA "kvmq.io/3"

struct io_report {
	const struct options *options;
	struct io_rows rows;
	struct columns columns;
	size_t usual; /* so many of the columns were not asked for by name */
	const struct metric *sort;
	bool by_op; /* a row for each kind of request, and not one a disk */
	bool events_begun;
};

/* How many of the columns stand there without being asked for by name. */
static size_t count_usual(const struct io_report *report)
{
	const char *list = report->options->columns;
	size_t count = 0;

	if (list && *list != '+')
		return 0;
	for (size_t i = 0; i < io_metrics.count; i++)
		count +=
			(io_metrics.metrics[i].usual & (1U | WIDE(1U)) << report->options->by) != 0;
	return count;
}

/* Kinds of requests are told apart where a column says which, and in distributions. */
static int choose_kinds(struct io_report *report)
{
	const struct metric *op = metric__find(&io_metrics, "op");

	report->usual = count_usual(report);
	for (size_t i = 0; i < report->columns.count; i++)
		report->by_op |= report->columns.list[i] == op;
	if (!report->options->hist || report->by_op)
		return 0;
	report->by_op = true;
	report->usual++;
	return columns__insert(&report->columns, op);
}

static int init(void *data, const struct options *options, int *status)
{
	static const struct table_choice choice = { .metrics = &io_metrics, .sort = "HOST" };
	struct io_report *report = data;

	report->options = options;
	if (choose_table(&report->columns, &report->sort, &choice, options, status) ||
	    choose_kinds(report))
		return 1;
	/* A disk's rows stand together, unless some order was asked for. */
	if (report->by_op && !options->sort && !options->top)
		report->sort = NULL;
	return 0;
}

static void free_report(void *data)
{
	struct io_report *report = data;

	io_rows__free(&report->rows);
}

/* Whether an event's VM, if it has one, is wanted. */
static bool place_event(struct io_line *line, const struct io_report *report,
			const struct io_view *view, const struct io_event *event)
{
	const struct io_whose *whose = &event->whose;
	const struct io_vm *vm = whose->vm_pid ? io_view__vm(view, whose->vm_pid) : NULL;
	const struct io_disk *disk;

	if (report->options->by == BY_DEVICE) {
		/* Of what is stacked, the leaves' are shown, as in rows. */
		if (whose->stacked)
			return false;
	} else if (whose->owner == IO_OWNER_HOST || (vm && !vm->chosen)) {
		return false;
	}
	if (whose->owner == IO_OWNER_UNKNOWN) {
		line->vm = "unknown";
	} else if (vm) {
		disk = whose->stacked ? NULL : io_view__disk(view, vm, whose->disk);
		line->vm = vm->name;
		line->disk = disk ? disk->name : NULL;
	}
	return true;
}

/* A slow request. */
static void print_event(void *data, FILE *file, const struct view *view, const void *item)
{
	struct io_report *report = data;
	const struct io_event *event = item;
	const struct io_device *device = io_view__device(&view->io, event->dev);
	struct io_line line = { .event = event, .scheduler = device ? device->scheduler : NULL };
	uint64_t boot_ns = view->sched.realtime_ns - view->sched.time_ns;
	char number[24];

	snprintf(number, sizeof(number), "%u:%u", IO_DEV_MAJOR(event->dev),
		 IO_DEV_MINOR(event->dev));
	line.device = device ? device->name : number;
	if (!place_event(&line, report, &view->io, event))
		return;
	if (events_are_text(report->options, &report->events_begun, file, io_line__print_header))
		io_line__print(file, &line, boot_ns, report->options->utc);
	else
		json__print(file, io_line__json(&line, boot_ns));
}

/* What guests say that they could not time. */
static uint64_t sum_guest_losses(const struct io_view *view)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < view->guests.count; i++)
		sum += view->guests.list[i].losses;
	return sum;
}

static uint64_t sum_rejected(const struct io_view *view)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < view->guests.count; i++)
		sum += view->guests.list[i].rejected;
	return sum;
}

/* What of the disks of the VMs that are shown cannot be. */
struct shown {
	uint64_t left_out, refused;
};

static struct shown sum_shown(const struct io_view *view)
{
	struct shown sum = { .left_out = 0 };

	for (size_t i = 0; i < view->vms.count; i++) {
		const struct io_vm *vm = &view->vms.list[i];

		if (!vm->chosen)
			continue;
		sum.left_out += vm->disks_left_out;
		sum.refused += vm->options_refused;
	}
	return sum;
}

/* ns in the hooks, as the sampled runs tell, and the share of a CPU. */
struct io_cost {
	uint64_t runs;
	double run_ns;	  /* -1: not known */
	double hooks_pct; /* -1: not known */
	double own_pct;
};

static struct io_cost find_cost(const struct view *before, const struct view *after)
{
	const struct block_snapshot *block = &after->io.block;
	double time = (double)(after->sched.time_ns - before->sched.time_ns);
	struct io_cost cost = { .run_ns = -1, .hooks_pct = -1 };

	/* Hooks that have gone meanwhile are no longer there. */
	if (block->runs > before->io.block.runs)
		cost.runs = block->runs - before->io.block.runs;
	if (block->samples)
		cost.run_ns = (double)block->sample_ns / (double)block->samples;
	if (time <= 0)
		return cost;
	if (cost.run_ns >= 0)
		cost.hooks_pct = (double)cost.runs * cost.run_ns * 100.0 / time;
	cost.own_pct = (double)(after->sched.cost.own_cpu_ns - before->sched.cost.own_cpu_ns) *
		       100.0 / time;
	return cost;
}

/* All that could not be counted, from wherever in a view. */
struct io_losses {
	uint64_t processes, events, flows, requests, owners, early, hook_runs, vmm_requests;
	uint64_t ring_reads, ring_samples, reports_rejected, guest_requests, strangers;
	uint64_t disks, disk_options;
};

#define LOSS(key, words)                                                                           \
	{                                                                                          \
#key, words, offsetof(struct io_losses, key), NULL, SHARE_NO_TABLE                 \
	}
#define LOSS_OF_TABLE(key, words, table)                                                           \
	{                                                                                          \
#key, words, offsetof(struct io_losses, key), NULL, table                          \
	}

static const struct loss io_loss_list[] = {
	LOSS(processes, NULL),
	LOSS(events, "events dropped (buffer full)"),
	LOSS_OF_TABLE(flows, "requests booked on nobody (table full)", SHARE_FLOWS),
	LOSS(requests, "requests not timed (table full)"),
	LOSS(owners, "VMs, cgroups or devices whose requests are left out (table full)"),
	LOSS(early, "completions of requests issued before the start"),
	LOSS(hook_runs, "runs of hooks left out by the kernel"),
	LOSS_OF_TABLE(vmm_requests, "requests of VMMs not counted (table full)", SHARE_VMM_FLOWS),
	LOSS(ring_reads, "readings of a ring that failed"),
	LOSS(ring_samples, "readings of a ring left out (another CPU was at it)"),
	LOSS(reports_rejected, "guest reports refused"),
	LOSS(guest_requests, "requests that guests could not time"),
	LOSS(strangers, "connections by vsock from no VM of this host"),
	LOSS(disks, "disks left out (more than 64 of a VM)"),
	LOSS(disk_options, "disk options not read (broken, too deep or too many)"),
};

static const struct loss_table io_losses = { io_loss_list,
					     sizeof(io_loss_list) / sizeof(io_loss_list[0]) };

static struct io_losses find_losses(const struct io_view *view)
{
	const struct block_losses *block = &view->block.losses;
	struct shown shown = sum_shown(view);

	return (struct io_losses){
		.processes = view->unseen,
		.events = block->events,
		.flows = block->flows,
		.requests = block->requests,
		.owners = block->owners,
		.early = block->early,
		.hook_runs = block->missed,
		.vmm_requests = view->vmm.lost,
		.ring_reads = view->queues.failed,
		.ring_samples = view->queues.skipped,
		.reports_rejected = sum_rejected(view),
		.guest_requests = sum_guest_losses(view),
		.strangers = view->strangers,
		.disks = shown.left_out,
		.disk_options = shown.refused,
	};
}

static json_t *reason(const char *text)
{
	return *text ? json__text(text) : json_null();
}

/* All but the rows. */
static json_t *json_head(const struct view *before, const struct view *after)
{
	struct io_cost cost = find_cost(before, after);
	const struct io_losses lost = find_losses(&after->io);
	const struct loss_set losses = { &io_losses, &lost, NULL, &after->shares };
	const struct io_missing *missing = &after->io.missing;
	char time[32];

	format_time(time, sizeof(time), after->sched.realtime_ns);
	return json_pack("{s:s,s:o,s:o,s:s,s:I,s:i,s:i,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}",
			 "schema", SCHEMA, "host", json__text(after->host.name), "kernel",
			 json__text(after->host.kernel), "time", time, "interval_ns",
			 (json_int_t)(after->sched.time_ns - before->sched.time_ns), "cpus",
			 (int)after->host.cpus, "vms", (int)after->io.vms.count, "disks",
			 (int)after->io.disks.count, "cost",
			 json_pack("{s:I,s:o,s:o,s:f}", "runs", (json_int_t)cost.runs, "run_ns",
				   json__known_real(cost.run_ns), "hooks_pct",
				   json__known_real(cost.hooks_pct), "own_pct", cost.own_pct),
			 "losses", losses__json(&losses, 1), "losses_by",
			 losses__owners_json(&losses, 1), "vms_missing",
			 reason(*missing->all ? missing->all : missing->vms), "throttling_missing",
			 reason(after->io.block.throttling_missing), "vmm_missing",
			 reason(missing->vmm), "queues_missing", reason(missing->queues),
			 "guests_missing", reason(missing->guests));
}

static int print_json(struct io_report *report, FILE *file, const struct view *before,
		      const struct view *after)
{
	struct json_rows rows;

	json_rows__begin(&rows, file, json_head(before, after));
	for (size_t i = 0; i < report->rows.count; i++) {
		const struct io_row *row = &report->rows.list[i];
		json_t *one = json__row(&io_metrics, row);

		if (report->options->hist)
			json_object_set_new(one, "hist", bars__json(&io_metrics, row));
		json_rows__add(&rows, one);
	}
	return json_rows__end(&rows);
}

/* Where nothing was throttled, THR's mean says so, and its distribution says no more. */
static bool is_dull(const struct io_report *report, const struct metric *metric)
{
	if (metric != metric__find(&io_metrics, "thr_p50_ns") &&
	    metric != metric__find(&io_metrics, "thr_p99_ns"))
		return false;
	for (size_t i = 0; i < report->rows.count; i++)
		if (io_row__layer(&report->rows.list[i], IO_THROTTLED)->sum_ns)
			return false;
	return true;
}

/* Usual columns that nothing is known of in any row are left out, but the tool's own two. */
static void choose_columns(const struct io_report *report, struct columns *columns)
{
	columns->count = 0;
	for (size_t i = 0; i < report->columns.count; i++) {
		const struct metric *metric = report->columns.list[i];
		bool asked =
			i >= report->usual || (!report->columns.spare[i] &&
					       metric->usual & WIDE(1U << report->options->by));
		struct text_buffer buffer;
		bool shown = asked || metric->unit == UNIT_TEXT ||
			     metric == metric__find(&io_metrics, "q_mean_ns") ||
			     metric == metric__find(&io_metrics, "d_mean_ns");

		for (size_t j = 0; j < report->rows.count && !shown; j++)
			shown = metric__get(metric, &report->rows.list[j], &buffer).known;
		if (shown && (asked || !is_dull(report, metric)))
			columns__add(columns, metric, report->columns.spare[i]);
	}
}

static void print_losses(FILE *file, const struct view *view, const struct columns *columns)
{
	const struct io_losses lost = find_losses(&view->io);
	const struct loss_set losses = { &io_losses, &lost, view->io.unseen_words, &view->shares };

	losses__print(file, &losses, 1, columns);
}

static bool is_any_known(const struct io_rows *rows, enum io_layer layer)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->list[i].known[layer])
			return true;
	return false;
}

static void print_sources(FILE *file, const struct io_rows *rows)
{
	fputs("sources: THR, Q, D: block layer", file);
	if (is_any_known(rows, IO_VMM))
		fputs("; VMM: QEMU's own accounting", file);
	if (is_any_known(rows, IO_RING))
		fputs("; GAVG: Little's law over the virtqueues (estimate)", file);
	if (is_any_known(rows, IO_GUEST_QUEUE))
		fputs("; gQ, gDEV: reports of guests", file);
	putc('\n', file);
}

static void print_footer(const struct io_report *report, FILE *file, const struct view *before,
			 const struct view *after)
{
	struct io_cost cost = find_cost(before, after);
	struct cost_shares shares = { cost.hooks_pct, cost.own_pct };
	bool verbose = report->options->verbose;

	if (verbose)
		print_sources(file, &report->rows);
	if (verbose && cost.run_ns < 0)
		fputs("cost of hooks: n/a per run\n", file);
	else if (verbose)
		fprintf(file, "cost of hooks: %.0f ns per run\n", cost.run_ns);
	cost__print(file, &shares, "kvmq-io");
	print_losses(file, after, verbose ? NULL : &report->columns);
	putc('\n', file);
}

static void print_header(FILE *file, const struct view *view)
{
	size_t vms = view->io.vms.count, disks = view->io.disks.count;

	terminal_line(file, "%s %s: %u CPU%s, %zu VM%s, %zu disk%s; times in ms", view->host.name,
		      view->host.kernel, view->host.cpus, view->host.cpus == 1 ? "" : "s", vms,
		      vms == 1 ? "" : "s", disks, disks == 1 ? "" : "s");
}

/* Of a row without a request the table has said so. */
static void print_layers(FILE *file, const struct io_rows *rows, unsigned int width)
{
	bool any = false;

	for (size_t i = 0; i < rows->count; i++)
		any |= layers__print(file, &rows->list[i], width);
	putc('\n', file);
	if (any)
		layers__print_shades(file);
	else
		fputs("distributions: no request was completed\n", file);
}

static int print_text(struct io_report *report, FILE *file, const struct view *before,
		      const struct view *after)
{
	const struct io_rows *rows = &report->rows;
	unsigned int width = terminal_width(file);
	struct columns columns;
	int error = 0;

	if (report->options->timestamp)
		summary__print_time(file, after->sched.realtime_ns, report->options->utc);
	print_header(file, after);
	choose_columns(report, &columns);
	if (rows->count)
		error = table__print(file, &columns, rows->list, sizeof(*rows->list), rows->count,
				     width);
	else
		fputs(report->options->by == BY_DEVICE ? "no device has had a request yet\n"
		      : after->io.vms.count	       ? "no disk of a VM was found\n"
		      : *after->io.missing.all || *after->io.missing.vms ? "no VM is to be seen\n"
									 : "no VM is there\n",
		      file);
	if (error)
		return error;
	if (report->options->hist)
		print_layers(file, rows, width);
	error = io_reasons__print(file, rows, &after->io);
	print_footer(report, file, before, after);
	return error;
}

static int print(void *data, FILE *file, const struct view *before, const struct view *after)
{
	struct io_report *report = data;
	int error = io_rows__make(&report->rows, report->options->by, before, after);

	if (error)
		return error;
	if (!report->options->json) {
		io_rows__drop_idle(&report->rows);
		if (!report->by_op)
			io_rows__keep_sums(&report->rows);
	}
	sort_rows(report->sort, report->options, report->rows.list, &report->rows.count,
		  sizeof(*report->rows.list));
	if (report->options->json)
		return print_json(report, file, before, after);
	if (!report->options->events)
		return print_text(report, file, before, after);
	/* An event line says nothing of those that are not there. */
	if (memcmp(&before->io.block.losses, &after->io.block.losses,
		   sizeof(after->io.block.losses)))
		print_losses(file, after, NULL);
	return 0;
}

const struct report_ops io_report = {
	.size = sizeof(struct io_report),
	.init = init,
	.print = print,
	.print_event = print_event,
	.free = free_report,
};
