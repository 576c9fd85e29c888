// SPDX-License-Identifier: GPL-2.0-only
#include "render/summary.h"

#include "base/text.h"
#include "base/time_text.h"
#include "base/units.h"
#include "render/json.h"
#include "render/terminal.h"

/* The interval's cost, from the counters' growth. */
struct cost_figures {
	double interval_ns;
	double vm_switches;
	double other_switches;
	double vm_switch_ns;	/* -1: not known */
	double other_switch_ns; /* -1: not known */
	double hooks_pct;	/* of one CPU; -1: not known */
	double own_pct;
};

static struct cost_figures cost_figures(const struct summary *summary)
{
	const struct cost *before = &summary->before->cost, *after = &summary->after->cost;
	struct cost_figures result = { .vm_switch_ns = -1, .other_switch_ns = -1, .hooks_pct = -1 };
	double switches = (double)(after->switches - before->switches);

	result.interval_ns = (double)(summary->after->time_ns - summary->before->time_ns);
	result.vm_switches = (double)(after->vm_switches - before->vm_switches);
	if (switches > result.vm_switches)
		result.other_switches = switches - result.vm_switches;
	/* All samples so far: an interval may have none. */
	if (after->idle_switch_ps)
		result.other_switch_ns = (double)after->idle_switch_ps / 1000.0;
	/* A sample begins where the path of other tasks ends. */
	if (after->vm_samples)
		result.vm_switch_ns = (double)after->vm_sample_ns / (double)after->vm_samples +
				      (double)after->idle_switch_ps / 1000.0;
	if (result.other_switch_ns >= 0)
		result.hooks_pct =
			(result.vm_switches * (result.vm_switch_ns > 0 ? result.vm_switch_ns : 0) +
			 result.other_switches * result.other_switch_ns) *
			100.0 / result.interval_ns;
	result.own_pct =
		(double)(after->own_cpu_ns - before->own_cpu_ns) * 100.0 / result.interval_ns;
	return result;
}

struct summary summary__of(const struct view *before, const struct view *after)
{
	return (struct summary){ .host = &after->host,
				 .before = &before->sched,
				 .after = &after->sched,
				 .shares = &after->shares };
}

void summary__count(struct summary *summary, const struct rows *rows)
{
	const struct vm *last = NULL;

	summary->vms = summary->after->other_vms;
	summary->vcpus = summary->after->other_vcpus;
	for (size_t i = 0; i < rows->count; i++) {
		summary->vcpus += rows->list[i].vcpus;
		summary->vms += rows->list[i].vm != last;
		last = rows->list[i].vm;
	}
}

void summary__print_header(FILE *file, const struct summary *summary, const char *unit)
{
	const struct host *host = summary->host;

	terminal_line(file, "%s %s: %u CPU%s, %llu VM%s, %llu vCPU%s (%.2f per CPU)%s%s",
		      host->name, host->kernel, host->cpus, host->cpus == 1 ? "" : "s",
		      (unsigned long long)summary->vms, summary->vms == 1 ? "" : "s",
		      (unsigned long long)summary->vcpus, summary->vcpus == 1 ? "" : "s",
		      (double)summary->vcpus / host->cpus, unit ? "; times in " : "",
		      unit ? unit : "");
}

void summary__print_time(FILE *file, uint64_t realtime_ns, bool utc)
{
	char time[40];

	format_local_time(time, realtime_ns, utc);
	fprintf(file, "%s\n", time);
}

static void print_ns(FILE *file, double ns, const char *what)
{
	if (ns < 0)
		fprintf(file, "n/a %s", what);
	else
		fprintf(file, "%.0f ns %s", ns, what);
}

void summary__print_switches(FILE *file, const struct summary *summary)
{
	struct cost_figures cost = cost_figures(summary);

	fputs("cost of switches: ", file);
	print_ns(file, cost.vm_switch_ns, "per one of a VM's thread, ");
	print_ns(file, cost.other_switch_ns, "per any other\n");
}

struct cost_shares summary__cost(const struct summary *summary)
{
	struct cost_figures cost = cost_figures(summary);

	return (struct cost_shares){ cost.hooks_pct, cost.own_pct };
}

struct loss_set summary__losses(const struct summary *summary)
{
	return (struct loss_set){ &sched_losses, &summary->after->losses, NULL, summary->shares };
}

double cost__sum(double left, double right)
{
	return left < 0 || right < 0 ? -1 : left + right;
}

void cost__print(FILE *file, const struct cost_shares *cost, const char *tool)
{
	char hooks[32] = "n/a";

	if (cost->hooks_pct >= 0)
		snprintf(hooks, sizeof(hooks), "%.3f %%", cost->hooks_pct);
	terminal_line(file, "cost: of one CPU %s in hooks, %.3f %% in %s", hooks, cost->own_pct,
		      tool);
}

json_t *json__known_real(double value)
{
	return value < 0 ? json_null() : json_real(value);
}

static json_t *json_cost(const struct summary *summary)
{
	struct cost_figures cost = cost_figures(summary);

	return json_pack("{s:I,s:I,s:o,s:o,s:o,s:f}", "vm_switches", (json_int_t)cost.vm_switches,
			 "other_switches", (json_int_t)cost.other_switches, "vm_switch_ns",
			 json__known_real(cost.vm_switch_ns), "other_switch_ns",
			 json__known_real(cost.other_switch_ns), "hooks_pct",
			 json__known_real(cost.hooks_pct), "own_pct", cost.own_pct);
}

json_t *summary__json(const struct summary *summary, const char *schema,
		      const struct loss_set *sets, size_t count)
{
	const struct snapshot *after = summary->after;
	char time[32];

	format_time(time, sizeof(time), after->realtime_ns);
	return json_pack("{s:s,s:o,s:o,s:s,s:I,s:I,s:I,s:I,s:o,s:o,s:o}", "schema", schema, "host",
			 json__text(summary->host->name), "kernel",
			 json__text(summary->host->kernel), "time", time, "interval_ns",
			 (json_int_t)(after->time_ns - summary->before->time_ns), "cpus",
			 (json_int_t)summary->host->cpus, "vms", (json_int_t)summary->vms, "vcpus",
			 (json_int_t)summary->vcpus, "cost", json_cost(summary), "losses",
			 losses__json(sets, count), "losses_by", losses__owners_json(sets, count));
}
