// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-exit: where does a running vCPU's time go: guest, KVM, VMM? */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/privileges.h"
#include "cli/options.h"
#include "cli/runner.h"
#include "cmd/exit_report.h"
#include "cmd/tools.h"
#include "host/host.h"
#include "probe/kvm.h"
#include "source/session.h"

#define EVENTS_POLL_MS 50

struct exit_tool {
	struct options options;
	struct session session;
	struct kvm_probe *probe;
	struct exit_view views[2];
	unsigned int latest; /* which of the two */
	struct exit_report report;
};

static void on_exit_event(void *context, const struct exit_event *event)
{
	struct exit_tool *exits = context;

	exit_report__print_exit(&exits->report, stdout, event,
				vms__get(exits->session.vms, &event->identity));
}

static int read_view(struct exit_tool *exits, struct exit_view *view)
{
	int error = session__read(&exits->session, &view->snapshot);

	if (error)
		return error;
	exits->report.boot_ns = exits->session.boot_ns;
	error = kvm_probe__read(exits->probe, &view->snapshot, &view->exits);
	if (error)
		log_error("reading the counters of exits: %s: start again", strerror(-error));
	return error;
}

static int report(void *context)
{
	struct exit_tool *exits = context;
	struct exit_view *before = &exits->views[exits->latest];
	struct exit_view *after = &exits->views[!exits->latest];
	int error = read_view(exits, after);

	if (error)
		return error;
	exits->latest = !exits->latest;
	errno = 0;
	error = exit_report__print(&exits->report, stdout, before, after);
	return session__shown(&exits->session, &after->snapshot, error);
}

static int poll_probes(void *context)
{
	struct exit_tool *exits = context;
	int error = session__poll(&exits->session);

	return !error && exits->options.events ? flush_output() : error;
}

static int open_all(struct exit_tool *exits)
{
	const struct options *options = &exits->options;
	struct sched_probe_config sched = { .ready = true };
	struct kvm_probe_config config = {
		.filtered = session__is_filtered(options),
		.events = options->events,
		.event_min_ns = options->event_min_ns,
		.on_exit = on_exit_event,
		.context = exits,
	};

	if (session__open(&exits->session, options, &sched))
		return -EINVAL;
	if (kvm_probe__open(&exits->probe, exits->session.probe, &config))
		return -EINVAL;
	return privileges_drop(0);
}

/* The second probe first: it must see all of a thread whose books have begun. */
static int start(struct exit_tool *exits)
{
	struct exit_view *view = &exits->views[0];
	int error = kvm_probe__start(exits->probe);

	if (!error)
		error = sched_probe__start(exits->session.probe);
	return error ? error : read_view(exits, view);
}

static void close_all(struct exit_tool *exits)
{
	kvm_probe__close(exits->probe);
	session__close(&exits->session);
	exit_report__free(&exits->report);
	for (int i = 0; i < 2; i++) {
		snapshot__free(&exits->views[i].snapshot);
		exit_snapshot__free(&exits->views[i].exits);
	}
}

static int run(struct exit_tool *exits)
{
	struct run_steps steps = { .poll = poll_probes,
				   .poll_ms = exits->options.events ? EVENTS_POLL_MS : -1,
				   .report = report,
				   .context = exits };
	struct command command = { .gate = -1 };
	int status = STATUS_HOST;

	runner__prepare();
	if (exits->options.command && command__prepare(&command, exits->options.command))
		return STATUS_FAILED;
	host__read(&exits->report.host);
	if (!open_all(exits)) {
		status = STATUS_FAILED;
		if (!start(exits))
			status = runner__run(&exits->options, &command,
					     sched_probe__fd(exits->session.probe), &steps);
	}
	command__signal(&command, 0);
	close_all(exits);
	return status;
}

int main(int argc, char **argv)
{
	static struct exit_tool exits;
	int status;

	if (options_parse(&exits.options, &exit_tool, argc, argv, &status) ||
	    exit_report__init(&exits.report, &exits.options, &status))
		return status;
	return run(&exits);
}
