// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/top_batch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/text.h"
#include "base/time_text.h"
#include "base/units.h"
#include "cmd/top_screens.h"
#include "top/csv.h"
#include "top/tree.h"

/* A column of --pdh: one figure of one vCPU. */
struct pdh_column {
	struct line_key key;
	const struct metric *metric;
};

struct top_batch {
	const struct options *options;
	void *data[8]; /* of each screen */
	struct rows vms;
	struct top_lines lines;
	bool begun;
	LIST(struct pdh_column) columns;
};

/* esxtop's counters that have an equivalent, with that. */
static const struct {
	const char *counter, *key;
} pdh_counters[] = {
	{ "% Run", "run_pct" },
	{ "% Ready", "ready_pct" },
	{ "% Idle", "halt_pct" },
	{ "% VmWait", "block_pct" },
	{ "% Max Limited", "ready_throttled_pct" },
};

#define PDH_COUNTERS (sizeof(pdh_counters) / sizeof(pdh_counters[0]))

static int init(void *data, const struct options *options, int *status)
{
	struct top_batch *batch = data;

	batch->options = options;
	for (size_t i = 0; i < top_screen_count; i++) {
		batch->data[i] = calloc(1, top_screens[i].data_size);
		if (batch->data[i])
			continue;
		log_error("starting: %s", remedy(ENOMEM, NULL));
		*status = STATUS_FAILED;
		return 1;
	}
	return 0;
}

static void free_batch(void *data)
{
	struct top_batch *batch = data;

	for (size_t i = 0; i < top_screen_count; i++) {
		if (batch->data[i])
			top_screens[i].free(batch->data[i]);
		free(batch->data[i]);
	}
	rows__free(&batch->vms);
	list_free(&batch->lines);
	list_free(&batch->columns);
}

/* By name, then by key, so that the order is always the same. */
static int compare_lines(const void *left, const void *right)
{
	const struct top_line *a = left, *b = right;
	int result = strcmp(a->vm, b->vm);

	return result ? result : line_key__compare(&a->key, &b->key);
}

static int make_lines(struct top_batch *batch, size_t screen, const struct view_pair *pair)
{
	int error = 0;

	list_clear(&batch->lines);
	if (!top_screens[screen].missing(pair->after))
		error = top_screens[screen].make(batch->data[screen], pair,
						 !top_screens[screen].of_disks, &batch->lines);
	list_sort(&batch->lines, compare_lines);
	return error;
}

/* Whether a screen before this one has the same figure. */
static bool is_borrowed(size_t screen, const struct metric *metric)
{
	for (size_t i = 0; i < screen; i++)
		if (top_screens[i].of_disks == top_screens[screen].of_disks &&
		    metric__find(top_screens[i].metrics, metric->key))
			return true;
	return false;
}

/* "TIME,KIND,VM,VCPU,"; a disk has its name in the place of a vCPU's number. */
static void put_lead(FILE *file, const char *time, const struct screen *screen,
		     const struct top_line *line)
{
	const struct row *row = line->row;

	fprintf(file, "%s,%s,", time, screen->of_disks ? "disk" : line->key.level ? "vcpu" : "vm");
	csv__put_text(file, line->vm);
	putc(',', file);
	if (screen->of_disks)
		csv__put_text(file, io_row__disk(line->row) ? io_row__disk(line->row) : "");
	else if (line->key.level && row->identity.vcpu != VCPU_UNKNOWN)
		fprintf(file, "%d", row->identity.vcpu);
	putc(',', file);
}

static void put_line(FILE *file, const char *time, size_t screen, const struct top_line *line)
{
	const struct metric_table *table = top_screens[screen].metrics;

	for (size_t i = 0; i < table->count; i++) {
		const struct metric *metric = &table->metrics[i];
		struct text_buffer none;

		if (!metric->key || metric->kind == METRIC_DISTRIBUTION ||
		    metric->unit == UNIT_TEXT || is_borrowed(screen, metric))
			continue;
		put_lead(file, time, &top_screens[screen], line);
		fprintf(file, "%s,", metric->key);
		csv__put_value(file, metric->unit, metric__get(metric, line->row, &none));
		fprintf(file, ",%s\r\n", csv__unit(metric->unit));
	}
}

static int print_long(struct top_batch *batch, FILE *file, const struct view_pair *pair)
{
	char time[40];
	int error = 0;

	if (!batch->begun)
		fputs("time,kind,vm,vcpu,metric,value,unit\r\n", file);
	batch->begun = true;
	format_local_time(time, pair->after->sched.realtime_ns, batch->options->utc);
	for (size_t screen = 0; screen < top_screen_count && !error; screen++) {
		if (top_screens[screen].of_verdicts)
			continue;
		error = make_lines(batch, screen, pair);
		for (size_t i = 0; i < batch->lines.count && !error; i++)
			put_line(file, time, screen, &batch->lines.list[i]);
		/* Those of all screens at once are several times as much as a view. */
		list_clear(&batch->lines);
		top_screens[screen].free(batch->data[screen]);
	}
	return error;
}

/* A name within a counter's path; separators become "_". */
static void put_name(FILE *file, const char *name)
{
	char clean[VM_SHOWN_SIZE];

	text_clean(clean, sizeof(clean), name);
	for (const char *at = clean; *at; at++)
		putc(strchr("\\():\"", *at) ? '_' : *at, file);
}

/* "\\host\Vcpu(1234:web:5678:vcpu-0)\% Ready" */
static void put_counter(FILE *file, const struct view *after, const struct top_line *line,
			const char *counter)
{
	const struct row *row = line->row;

	fputs(",\"\\\\", file);
	put_name(file, after->host.name);
	fprintf(file, "\\Vcpu(%" PRIu32 ":", line->key.vm_pid);
	put_name(file, line->vm);
	fprintf(file, ":%" PRIu32 ":vcpu-%" PRId32 ")\\%s\"", row->identity.tid, row->identity.vcpu,
		counter);
}

/* The columns are those of the first interval, as esxtop has it. */
static int begin_pdh(struct top_batch *batch, FILE *file, const struct view *after)
{
	fputs("\"(PDH-CSV 4.0) (UTC)(0)\"", file);
	for (size_t i = 0; i < batch->lines.count; i++) {
		for (size_t j = 0; batch->lines.list[i].key.level && j < PDH_COUNTERS; j++) {
			struct pdh_column *column = list_add(&batch->columns);

			if (!column)
				return -ENOMEM;
			column->key = batch->lines.list[i].key;
			column->metric = metric__find(top_screens[0].metrics, pdh_counters[j].key);
			put_counter(file, after, &batch->lines.list[i], pdh_counters[j].counter);
		}
	}
	fputs("\r\n", file);
	batch->begun = true;
	return 0;
}

static void put_pdh_time(FILE *file, uint64_t realtime_ns)
{
	time_t seconds = (time_t)(realtime_ns / NSEC_PER_SEC);
	struct tm parts;
	char text[32];

	gmtime_r(&seconds, &parts);
	strftime(text, sizeof(text), "%m/%d/%Y %H:%M:%S", &parts);
	fprintf(file, "\"%s\"", text);
}

static const struct top_line *find_line(const struct top_batch *batch, const struct line_key *key)
{
	for (size_t i = 0; i < batch->lines.count; i++)
		if (!line_key__compare(&batch->lines.list[i].key, key))
			return &batch->lines.list[i];
	return NULL;
}

static int print_pdh(struct top_batch *batch, FILE *file, const struct view_pair *pair)
{
	const struct top_line *line = NULL;
	int error = make_lines(batch, 0, pair);

	if (!error && !batch->begun)
		error = begin_pdh(batch, file, pair->after);
	if (error)
		return error;
	put_pdh_time(file, pair->after->sched.realtime_ns);
	for (size_t i = 0; i < batch->columns.count; i++) {
		const struct pdh_column *column = &batch->columns.list[i];
		struct text_buffer none;

		if (i % PDH_COUNTERS == 0)
			line = find_line(batch, &column->key);
		fputs(",\"", file);
		if (line)
			csv__put_value(file, column->metric->unit,
				       metric__get(column->metric, line->row, &none));
		putc('"', file);
	}
	fputs("\r\n", file);
	return 0;
}

static int print(void *data, FILE *file, const struct view *before, const struct view *after)
{
	struct top_batch *batch = data;
	const struct view_pair pair = { before, after, &batch->vms, NULL };
	int error = rows__make(&batch->vms, &before->sched, &after->sched, BY_VM);

	if (error)
		return error;
	return batch->options->kvmq_top.pdh ? print_pdh(batch, file, &pair)
					    : print_long(batch, file, &pair);
}

const struct report_ops top_batch = {
	.size = sizeof(struct top_batch),
	.init = init,
	.print = print,
	.free = free_batch,
};
