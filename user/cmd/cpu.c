// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-cpu: how long was each vCPU ready but not running, and why? */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/options.h"
#include "base/privileges.h"
#include "base/runner.h"
#include "cmd/cpu_report.h"
#include "cmd/session.h"
#include "collect/host.h"

#define EVENTS_POLL_MS 50

static const struct tool tool = {
	.name = "kvmq-cpu",
	.question = "How long was each vCPU ready but not running, and why?",
	.options = "mcbHejosnTvVh",
	.interval = true,
};

struct cpu_tool {
	struct options options;
	struct session session;
	struct cpu_report report;
};

static void on_wait(void *context, const struct wait_event *event)
{
	struct cpu_tool *cpu = context;

	cpu_report__print_wait(&cpu->report, stdout, event);
}

static int report(void *context)
{
	struct cpu_tool *cpu = context;
	struct session *session = &cpu->session;
	struct snapshot *before = &session->snapshots[session->latest];
	struct snapshot *after = &session->snapshots[!session->latest];
	int error = session__read(session, after);

	if (error)
		return error;
	session->latest = !session->latest;
	cpu->report.boot_ns = session->boot_ns;
	errno = 0;
	error = cpu_report__print(&cpu->report, stdout, before, after);
	vms__keep_exited(session->vms, after);
	if (flush_output())
		return -EIO;
	if (error)
		log_error("printing: %s: show fewer VMs", strerror(-error));
	return error;
}

static int poll_probe(void *context)
{
	struct cpu_tool *cpu = context;
	int error = session__poll(&cpu->session);

	return !error && cpu->options.events ? flush_output() : error;
}

static int open_all(struct cpu_tool *cpu)
{
	struct sched_probe_config config = {
		.events = cpu->options.events,
		.event_min_ns = cpu->options.event_min_ns,
		.on_wait = on_wait,
		.context = cpu,
	};

	if (session__open(&cpu->session, &cpu->options, &config))
		return -EINVAL;
	cpu->report.vms = cpu->session.vms;
	return privileges_drop();
}

static int run(struct cpu_tool *cpu)
{
	struct run_steps steps = { .poll = poll_probe,
				   .poll_ms = cpu->options.events ? EVENTS_POLL_MS : -1,
				   .report = report,
				   .context = cpu };
	struct command command = { .gate = -1 };
	int status = STATUS_HOST;

	runner__prepare();
	if (cpu->options.command && command__prepare(&command, cpu->options.command))
		return STATUS_FAILED;
	host__read(&cpu->report.host);
	if (!open_all(cpu)) {
		status = STATUS_FAILED;
		sched_probe__start(cpu->session.probe);
		if (!session__read(&cpu->session, &cpu->session.snapshots[0])) {
			cpu->report.boot_ns = cpu->session.boot_ns;
			status = runner__run(&cpu->options, &command,
					     sched_probe__fd(cpu->session.probe), &steps);
		}
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

	if (options_parse(&cpu.options, &tool, argc, argv, &status) ||
	    cpu_report__init(&cpu.report, &cpu.options, &status))
		return status;
	return run(&cpu);
}
