// SPDX-License-Identifier: GPL-2.0-only
/* What kvmqd does at each moment, and what its budget lets it do. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "cmd/daemon_internal.h"
#include "source/all_source.h"

#define FAILURES_MAX 60 /* then a new start may help */

static const char turned_off[] = "kvmqd's settings do not ask for it";

/* The same trouble is said once. */
static void fail(struct daemon *daemon, int error)
{
	const char *failure = *log_kept() ? log_kept() : strerror(-error);

	if (error == -EINTR)
		return;
	if (!daemon->failures || strcmp(daemon->failure, failure) != 0)
		log_error("%s", failure);
	snprintf(daemon->failure, sizeof(daemon->failure), "%s", failure);
	if (++daemon->failures < FAILURES_MAX)
		return;
	log_error("no view could be read %u times: this ends it", daemon->failures);
	daemon->status = STATUS_FAILED;
	daemon->stop = true;
}

static void take_view(struct daemon *daemon)
{
	struct view *view = &daemon->views[!daemon->latest];
	int error;

	log_keep_errors(true);
	error = all_source.read(daemon->source, view);
	log_keep_errors(false);
	if (error) {
		fail(daemon, error);
		return;
	}
	daemon->failures = 0;
	daemon->latest = !daemon->latest;
	daemon->views_read++;
	/* If it fails, it has said so, and the rest goes on. */
	if (daemon->keeper)
		keeper__take_next(daemon->keeper,
				  daemon->views_read > 1 ? &daemon->views[!daemon->latest] : NULL,
				  view);
	daemon->judged = false;
	if (daemon->views_read > 1)
		daemon__judge(daemon, &daemon->views[!daemon->latest], view);
	daemon__take_flight(daemon);
	if (daemon->feed)
		feed__send(daemon->feed, view);
	daemon__show(daemon);
	all_source.shown(daemon->source, view);
}

void daemon__take_view(struct daemon *daemon)
{
	uint64_t begin = clock_thread_cpu_ns(), read = daemon->views_read;

	take_view(daemon);
	if (daemon->views_read > read)
		spending__take(&daemon->spending, &daemon->views[daemon->latest],
			       clock_thread_cpu_ns() - begin);
}

static struct budget_settings budget_settings(const struct daemon_settings *settings)
{
	return (struct budget_settings){ .mpct = settings->budget_mpct,
					 .interval_ns = settings->interval_ns,
					 .exits = settings->exits,
					 .block = settings->block };
}

void daemon__begin_budget(struct daemon *daemon)
{
	const struct view *view = &daemon->views[daemon->latest];
	const struct budget_settings settings = budget_settings(&daemon->settings);
	struct budget_sample sample;
	struct hook_costs costs;

	if (!view->sched.cost.idle_switch_ps)
		log_warning("what hooks cost at switches of threads that are no VM's is not known: "
			    "it takes CAP_SYS_ADMIN at the start; the budget counts 50 ns for "
			    "each");
	if (all_source__read_costs(daemon->source, &costs))
		costs = (struct hook_costs){ 0 };
	spending__begin(&daemon->spending, view, &costs);
	sample = spending__sample(&daemon->spending, &costs);
	budget__init(&daemon->budget, &settings, &sample);
	daemon->pause_ns = budget__pause(&daemon->budget);
}

static unsigned int allowed_parts(const struct daemon *daemon)
{
	return (budget__allows_exits(&daemon->budget) ? PART_EXITS : 0) |
	       (budget__allows_block(&daemon->budget) ? PART_IO : 0) |
	       (daemon->settings.numa ? PART_NUMA : 0);
}

static void say_why(struct daemon *daemon, unsigned int part, bool wanted)
{
	all_source__say_why(daemon->source, part, wanted ? daemon->over_budget : turned_off);
}

void daemon__say_why(struct daemon *daemon)
{
	snprintf(daemon->over_budget, sizeof(daemon->over_budget),
		 "kvmqd's budget of %.10g %% of one CPU has no room for it",
		 (double)daemon->settings.budget_mpct / 1000.0);
	say_why(daemon, PART_EXITS, daemon->settings.exits);
	say_why(daemon, PART_IO, daemon->settings.block);
	say_why(daemon, PART_NUMA, false);
}

void daemon__apply(struct daemon *daemon)
{
	unsigned int parts = allowed_parts(daemon);
	uint64_t begin;

	/* What the hooks that go have counted since the last view would be lost. */
	if (daemon->parts & ~parts)
		daemon__take_view(daemon);
	begin = clock_thread_cpu_ns();
	daemon__say_why(daemon);
	daemon__set_timer(daemon->fds[VIEW], budget__interval(&daemon->budget));
	/* What cannot be attached, views say. */
	if (parts != daemon->parts)
		all_source__want(daemon->source, parts);
	daemon->parts = parts;
	daemon->spending.changes_ns += clock_thread_cpu_ns() - begin;
}

void daemon__tell_status(const struct daemon *daemon)
{
	const struct budget *budget = &daemon->budget;

	notify__send(&daemon->notify, "STATUS=%.3f %% of one CPU of %.10g %%: %s, a view each %g s",
		     (double)budget__used_mpct(budget) / 1000.0,
		     (double)budget->settings.mpct / 1000.0,
		     budget_level__name(budget__level(budget)),
		     (double)budget__interval(budget) / (double)NSEC_PER_SEC);
}

static void tell_change(const struct daemon *daemon)
{
	const struct budget *budget = &daemon->budget;

	log_notice("budget: %.3f %% of one CPU in the last minute of %.10g %%: %s, a view each "
		   "%g s; per second %.2f ms at switches, %.2f at exits, %.2f for block, %.2f in "
		   "kvmqd, %.2f for each view",
		   (double)budget__used_mpct(budget) / 1000.0,
		   (double)budget->settings.mpct / 1000.0,
		   budget_level__name(budget__level(budget)),
		   (double)budget__interval(budget) / (double)NSEC_PER_SEC,
		   budget->switches.value / 1e6, budget->exits.value / 1e6,
		   budget->block.value / 1e6, budget->other.value / 1e6, budget->view_ns / 1e6);
}

void daemon__keep_to_budget(struct daemon *daemon)
{
	bool held = daemon->budget.held;
	struct budget_sample sample;
	struct hook_costs costs;

	if (all_source__read_costs(daemon->source, &costs))
		return;
	sample = spending__sample(&daemon->spending, &costs);
	if (budget__take(&daemon->budget, &sample)) {
		tell_change(daemon);
		daemon__apply(daemon);
		daemon__tell_status(daemon);
	}
	if (daemon->pause_ns != budget__pause(&daemon->budget)) {
		daemon->pause_ns = budget__pause(&daemon->budget);
		daemon__set_timer(daemon->fds[TICK], daemon->pause_ns);
	}
	if (held && !daemon->budget.held)
		log_warning("budget: it will not be kept: all is given up that can be; raise it, "
			    "or end kvmqd");
}
