// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/why_report.h"

#include <stdlib.h>

#include "base/log.h"
#include "cmd/why_page.h"
#include "cmd/why_rules.h"
#include "render/json.h"
#include "render/summary.h"
#include "why/why.h"

#define SCHEMA "kvmq.why/1"

struct why_report {
	const struct options *options;
	struct why_settings settings;
	struct why why;
};

static int init(void *data, const struct options *options, int *status)
{
	struct why_report *report = data;

	int error = why_rules__settings(&report->settings, WHY_CONFIG, options);

	report->options = options;
	*status = why_rules__status(error);
	return error ? 1 : 0;
}

static void free_report(void *data)
{
	why__free(&((struct why_report *)data)->why);
}

static json_t *json_or_null(const char *text)
{
	return json__text(text && *text ? text : NULL);
}

/* A figure as the tool that measures it has it in its JSON, of the row with the same keys. */
static json_t *json_of_evidence(const struct evidence *evidence)
{
	const struct row *row = evidence->row;
	const struct metric *metric = why_evidence__metric(evidence);
	bool is_thread = evidence->table == WHY_TABLE_CPU && row->identity.tid;
	bool is_vcpu = is_thread && row->identity.is_vcpu;

	return json_pack("{s:s,s:s,s:o,s:o,s:o}", "tool", why_evidence__tool(evidence), "key",
			 metric->key, "vcpu",
			 is_vcpu ? json_integer(row->identity.vcpu) : json_null(), "thread",
			 is_thread ? json__text(row->identity.comm) : json_null(), "value",
			 json__metric(metric, evidence->row));
}

static json_t *json_of_verdict(const struct verdict *verdict)
{
	const struct vm *vm = verdict->vm->vm;
	json_t *evidence = json_array();

	for (size_t i = 0; i < verdict->evidence_count; i++)
		json_array_append_new(evidence, json_of_evidence(&verdict->evidence[i]));
	return json_pack("{s:o,s:I,s:o,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "vm",
			 json__text(vm->name), "vm_pid", (json_int_t)vm->pid, "vm_uuid",
			 json_or_null(vm->uuid), "level", why_level__name(verdict->level), "rule",
			 verdict->rule->name, "summary", json__text(verdict->summary), "culprit",
			 json_or_null(verdict->culprit), "evidence", evidence, "do",
			 json_or_null(verdict->remedy), "command", json_or_null(verdict->command),
			 "undo", json_or_null(verdict->undo), "against",
			 json_or_null(verdict->against));
}

static int print_json(const struct why *why, FILE *file, const struct summary *summary)
{
	const struct loss_set losses = summary__losses(summary);
	json_t *object = summary__json(summary, SCHEMA, &losses, 1);
	json_t *verdicts = json_array(), *unasked = json_array();

	for (size_t i = 0; i < why->verdicts.count; i++)
		json_array_append_new(verdicts, json_of_verdict(&why->verdicts.list[i]));
	for (size_t i = 0; i < why->unasked.count; i++) {
		const struct unasked *one = &why->unasked.list[i];

		json_array_append_new(
			unasked, json_pack("{s:o,s:I,s:s,s:o}", "vm", json__text(one->vm->vm->name),
					   "vm_pid", (json_int_t)one->vm->vm->pid, "rule",
					   one->rule->name, "why", json__text(one->why)));
	}
	json_object_set_new(object, "busy_pct",
			    why->facts.busy_known ? json_real((double)why->facts.busy_mpct / 1000)
						  : json_null());
	json_object_set_new(object, "verdicts", verdicts);
	json_object_set_new(object, "unasked", unasked);
	return json__print(file, object);
}

static void print_text(const struct why_report *report, FILE *file, const struct summary *summary)
{
	const struct loss_set losses = summary__losses(summary);
	struct cost_shares cost = summary__cost(summary);

	if (report->options->timestamp)
		summary__print_time(file, summary->after->realtime_ns, report->options->utc);
	summary__print_header(file, summary, NULL);
	if (report->why.verdicts.count)
		why_page__print(file, &report->why);
	else
		fputs("no vCPU has run yet\n", file);
	putc('\n', file);
	if (report->options->verbose)
		summary__print_switches(file, summary);
	cost__print(file, &cost, "kvmq-why");
	losses__print(file, &losses, 1, NULL);
	putc('\n', file);
}

static int print(void *data, FILE *file, const struct view *before, const struct view *after)
{
	struct why_report *report = data;
	struct summary summary = summary__of(before, after);
	int error = why__make(&report->why, before, after, &report->settings);

	if (error)
		return error;
	summary__count(&summary, &report->why.facts.vms);
	if (report->options->json)
		return print_json(&report->why, file, &summary);
	print_text(report, file, &summary);
	return 0;
}

const struct report_ops why_report = {
	.size = sizeof(struct why_report),
	.init = init,
	.print = print,
	.free = free_report,
};
