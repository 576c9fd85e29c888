// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/why_incidents.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "base/log.h"
#include "base/privileges.h"
#include "base/text.h"
#include "base/time_text.h"
#include "base/units.h"
#include "base/version.h"
#include "model/view_sets.h"
#include "recording/recording.h"
#include "render/json.h"
#include "render/terminal.h"

#define SCHEMA "kvmq.incident/1"

static int print_json(const struct recorded_incident *incident)
{
	char since[32], until[32];

	format_time(since, sizeof(since), incident->since_ns);
	format_time(until, sizeof(until), incident->until_ns);
	return json__print(stdout,
			   json_pack("{s:s,s:I,s:s,s:s,s:o,s:o,s:o}", "schema", SCHEMA, "incident",
				     (json_int_t)incident->id, "since", since, "until", until, "vm",
				     json__text(incident->vm), "rule", json__text(incident->rule),
				     "verdict", json__text(incident->verdict)));
}

static void print_line(const struct recorded_incident *incident, bool utc)
{
	char time[40];

	format_local_time(time, incident->until_ns, utc);
	terminal_line(stdout, "%6" PRId64 "  %s  %s: %s: %s", incident->id, time, incident->vm,
		      incident->rule, incident->verdict);
}

static int print_all(const struct options *options, const struct recorded_incident *list,
		     size_t count)
{
	int error = 0;

	for (size_t i = 0; i < count && !error; i++) {
		if (list[i].until_ns < options->since_ns || list[i].since_ns > options->until_ns)
			continue;
		if (options->json)
			error = print_json(&list[i]);
		else
			print_line(&list[i], options->utc);
	}
	return error;
}

static int print(const struct options *options)
{
	struct recording_info info = {
		.option = "--from", .tool = "kvmq-why", .version = KVMQ_VERSION, .sets = all_sets
	};
	LIST(struct recorded_incident) incidents = { .count = 0 };
	struct recording *recording = NULL;
	int error;

	while (all_sets[info.set_count])
		info.set_count++;
	error = recording__open(&recording, options->from, &info);
	/* A stranger may have written it. */
	if (!error)
		error = privileges_drop_all();
	if (!error)
		error = recording__incidents(recording, &incidents.all);
	errno = 0;
	if (!error)
		error = print_all(options, incidents.list, incidents.count);
	list_free(&incidents);
	recording__close(recording);
	return error ? STATUS_FAILED : output_status();
}

bool why_incidents__print(const struct options *options, int *status)
{
	if (!options->why.incidents)
		return false;
	*status = print(options);
	return true;
}
