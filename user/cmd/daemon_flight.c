// SPDX-License-Identifier: GPL-2.0-only
/* What kvmqd keeps of what went wrong. */
#include <stdio.h>

#include "base/log.h"
#include "cmd/daemon_internal.h"
#include "cmd/why_rules.h"

static bool is_wanted(const struct daemon *daemon)
{
	return daemon->keeper && daemon->settings.incidents_per_day;
}

int daemon__open_rules(struct daemon *daemon)
{
	daemon->why.facts.brief = true;
	return why_rules__settings(&daemon->rules, WHY_CONFIG, &daemon->options);
}

static void keep(struct daemon *daemon, struct incident *incident)
{
	/* A failure was said. */
	if (keeper__keep(daemon->keeper, incident, daemon->settings.incident_bytes))
		return;
	daemon->incidents++;
	log_notice("incident %lld: %s: %s: %s", (long long)incident->id, incident->vm,
		   incident->rule, incident->verdict);
}

void daemon__judge(struct daemon *daemon, const struct view *before, const struct view *after)
{
	int error;

	if (!is_wanted(daemon) && !daemon->metrics)
		return;
	error = why__make(&daemon->why, before, after, &daemon->rules);
	daemon->judged = !error;
	if (error && !daemon->judge_failed)
		log_error("what the rules say: %s", remedy(error, "end other programs"));
	daemon->judge_failed = error;
}

void daemon__take_flight(struct daemon *daemon)
{
	const struct flight_settings settings = { daemon->settings.wait_limit_ns,
						  daemon->settings.incidents_per_day };
	struct flight *flight = &daemon->flight;
	int error;

	if (!is_wanted(daemon) || !daemon->judged)
		return;
	error = flight__take(flight, &daemon->why, &settings);
	if (error && !daemon->flight_failed)
		log_error("incidents: %s", remedy(error, "end other programs"));
	daemon->flight_failed = error;
	for (size_t i = 0; i < flight->incidents.count && !error; i++)
		keep(daemon, &flight->incidents.list[i]);
}

void daemon__close_flight(struct daemon *daemon)
{
	flight__free(&daemon->flight);
	why__free(&daemon->why);
}
