// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-cpu: how long was each vCPU ready but not running, and why? */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/privileges.h"
#include "cli/options.h"
#include "cli/runner.h"
#include "cmd/cpu_report.h"
#include "cmd/tools.h"
#include "host/host.h"
#include "render/timeline.h"
#include "source/session.h"

#define RINGS_POLL_MS 50

struct cpu_tool {
	struct options options;
	struct session session;
	struct cpu_report report;
	struct timeline *timeline; /* NULL: not wanted */
};

static void on_wait(void *context, const struct wait_event *event)
{
	struct cpu_tool *cpu = context;

	cpu_report__print_wait(&cpu->report, stdout, event,
			       vms__get(cpu->session.vms, &event->identity),
			       vms__find(cpu->session.vms, event->prev_tgid));
}

static void on_change(void *context, const struct state_change *change)
{
	struct cpu_tool *cpu = context;

	timeline__change(cpu->timeline, change);
}

static int read_snapshot(struct cpu_tool *cpu, struct snapshot *snapshot)
{
	int error = session__read(&cpu->session, snapshot);

	if (error)
		return error;
	cpu->report.boot_ns = cpu->session.boot_ns;
	if (cpu->timeline)
		snapshot->losses.timeline += timeline__left_out(cpu->timeline);
	return 0;
}

static int report(void *context)
{
	struct cpu_tool *cpu = context;
	struct session *session = &cpu->session;
	struct snapshot *before = &session->snapshots[session->latest];
	struct snapshot *after = &session->snapshots[!session->latest];
	int error = read_snapshot(cpu, after);

	if (error)
		return error;
	session->latest = !session->latest;
	errno = 0;
	error = cpu_report__print(&cpu->report, stdout, before, after);
	return session__shown(session, after, error);
}

static int poll_probe(void *context)
{
	struct cpu_tool *cpu = context;
	int error = session__poll(&cpu->session);

	if (error)
		return error;
	if (cpu->timeline && timeline__check(cpu->timeline))
		return -EIO;
	return cpu->options.events ? flush_output() : 0;
}

static int open_all(struct cpu_tool *cpu)
{
	const struct options *options = &cpu->options;
	struct sched_probe_config config = {
		.events = options->events,
		.ready = true,
		.throttling = true,
		.event_min_ns = options->event_min_ns,
		.blame = options->blame,
		.overlap = options->overlap,
		.changes = options->timeline,
		.on_wait = on_wait,
		.on_change = on_change,
		.context = cpu,
	};

	if (session__open(&cpu->session, options, &config))
		return -EINVAL;
	return 0;
}

static const struct vm *find_vm(void *context, const struct identity *thread)
{
	struct cpu_tool *cpu = context;

	return vms__get(cpu->session.vms, thread);
}

static int open_timeline(struct cpu_tool *cpu)
{
	const char *path = cpu->options.timeline;

	return path ? timeline__open(&cpu->timeline, path, TIMELINE_LIMIT, &cpu->report.host,
				     find_vm, cpu)
		    : 0;
}

/* The file was opened with all privileges; the rest needs few of them. */
static int measure(struct cpu_tool *cpu, struct command *command)
{
	bool streams = cpu->options.events || cpu->options.timeline;
	struct run_steps steps = { .poll = poll_probe,
				   .poll_ms = streams ? RINGS_POLL_MS : -1,
				   .report = report,
				   .context = cpu };
	struct snapshot *first = &cpu->session.snapshots[0];

	if (privileges_drop(0))
		return STATUS_HOST;
	if (sched_probe__start(cpu->session.probe) || read_snapshot(cpu, first))
		return STATUS_FAILED;
	if (cpu->timeline)
		timeline__begin(cpu->timeline, first);
	return runner__run(&cpu->options, command, sched_probe__fd(cpu->session.probe), &steps);
}

/* What has changed while the last snapshot was read comes before what was going on in it. */
static int close_timeline(struct cpu_tool *cpu)
{
	struct session *session = &cpu->session;

	if (!cpu->timeline)
		return 0;
	sched_probe__poll(session->probe);
	return timeline__close(cpu->timeline, &session->snapshots[session->latest],
			       sched_probe__lost_changes(session->probe));
}

static int run(struct cpu_tool *cpu)
{
	struct command command = { .gate = -1 };
	int status = STATUS_HOST;

	runner__prepare();
	if (cpu->options.command && command__prepare(&command, cpu->options.command))
		return STATUS_FAILED;
	host__read(&cpu->report.host);
	if (!open_all(cpu)) {
		status = STATUS_FAILED;
		if (!open_timeline(cpu))
			status = measure(cpu, &command);
		if (close_timeline(cpu) && !status)
			status = STATUS_FAILED;
	}
	command__signal(&command, 0);
	session__close(&cpu->session);
	cpu_report__free(&cpu->report);
	return status;
}

int main(int argc, char **argv)
{
	struct cpu_tool cpu = { 0 };
	int status;

	if (options_parse(&cpu.options, &cpu_tool, argc, argv, &status) ||
	    cpu_report__init(&cpu.report, &cpu.options, &status))
		return status;
	return run(&cpu);
}
