// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>

#include "base/units.h"
#include "cmd/diff_report.h"
#include "render/json.h"

#define SCHEMA "kvmq.diff/1"

static json_t *real_or_null(bool known, double value)
{
	return known && isfinite(value) ? json_real(value) : json_null();
}

static const char *side_name(enum side side)
{
	return side == SIDE_A ? "A" : "B";
}

static json_t *json_of_losses(const struct losses *lost)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:I}", "threads", (json_int_t)lost->threads, "torn",
			 (json_int_t)lost->torn, "clock", (json_int_t)lost->clock, "throttled",
			 (json_int_t)lost->throttled, "overlap", (json_int_t)lost->overlap);
}

static json_t *json_of_run(const struct diff_run *run)
{
	char time[32];

	format_time(time, sizeof(time), run->begin_ns);
	return json_pack(
		"{s:s,s:o,s:o,s:o,s:o,s:o,s:I,s:s,s:I,s:I,s:I,s:o,s:o,s:b,s:o}", "side",
		side_name(run->side), "file", json__text(run->path), "tool", json__text(run->tool),
		"version", json__text(*run->version ? run->version : NULL), "host",
		json__text(run->host.name), "kernel", json__text(run->host.kernel), "cpus",
		(json_int_t)run->host.cpus, "time", time, "length_ns", (json_int_t)run->length_ns,
		"vms", (json_int_t)run->vms, "vcpus", (json_int_t)run->vcpus, "strangers_pct",
		real_or_null(run->strangers_known, (double)run->strangers_mpct / 1000), "stranger",
		json__text(run->stranger[0] ? run->stranger : NULL), "left_out", run->is_left_out,
		"losses", json_of_losses(&run->lost));
}

/* One value for each run, n/a as null. */
static json_t *json_of_values(const double *values, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, real_or_null(true, values[i]));
	return array;
}

static json_t *json_of_side(const double *values, size_t count, size_t known, double median,
			    double cv)
{
	return json_pack("{s:o,s:I,s:o,s:o}", "runs", json_of_values(values, count), "known",
			 (json_int_t)known, "median", real_or_null(known, median), "cv",
			 real_or_null(known, cv));
}

static json_t *json_of_figure(const struct figure *figure)
{
	static const char *const better[] = {
		[LESS_IS_BETTER] = "less", [MORE_IS_BETTER] = "more", [NEITHER_IS_BETTER] = NULL
	};
	const struct figure_runs *runs = &figure->runs;
	const struct comparison *is = &figure->comparison;
	bool known = is->a_count > 0, bounded = known && is->shift.bounded;

	return json_pack(
		"{s:o,s:o,s:o,s:s?,s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:o}", "role",
		json__text(*figure->role ? figure->role : NULL), "figure", json__text(figure->name),
		"unit", json__text(figure->unit), "better", better[runs->direction], "primary",
		figure->is_primary, "a",
		json_of_side(runs->a, runs->a_count, is->a_count, is->a_median, is->a_cv), "b",
		json_of_side(runs->b, runs->b_count, is->b_count, is->b_median, is->b_cv), "ratio",
		real_or_null(known && is->is_ratio, is->shift.estimate), "difference",
		real_or_null(known && !is->is_ratio, is->shift.estimate), "low",
		real_or_null(bounded, is->shift.low), "high", real_or_null(bounded, is->shift.high),
		"p", real_or_null(known, is->p), "p_corrected",
		real_or_null(known, figure->p_corrected), "verdict", judgement__name(is->judgement),
		"runs_needed", real_or_null(is->needed > 0, is->needed));
}

int diff_report__print_json(FILE *file, const struct diff_report *report)
{
	json_t *notes = json_array(), *runs = json_array();
	struct json_rows rows;

	for (size_t i = 0; i < report->notes->count; i++)
		json_array_append_new(notes, json__text(report->notes->list[i].text));
	for (size_t i = 0; i < report->runs->count; i++)
		json_array_append_new(runs, json_of_run(&report->runs->list[i]));
	json_rows__begin(&rows, file,
			 json_pack("{s:s,s:s,s:f,s:b,s:o,s:o}", "schema", SCHEMA, "verdict",
				   judgement__name(report->verdict), "margin_pct",
				   100 * report->question->margin, "paired", report->table->paired,
				   "notes", notes, "runs", runs));
	for (size_t i = 0; i < report->table->count; i++)
		json_rows__add(&rows, json_of_figure(&report->table->list[i]));
	return json_rows__end(&rows);
}
