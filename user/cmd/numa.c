// SPDX-License-Identifier: GPL-2.0-only
/* kvmq-numa: how much of a VM's memory is remote from where its vCPUs run? */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/privileges.h"
#include "cli/options.h"
#include "cli/runner.h"
#include "cmd/numa_report.h"
#include "cmd/tools.h"
#include "host/host.h"
#include "host/numa_vms.h"
#include "host/proc_view.h"
#include "host/topology.h"
#include "probe/numa.h"
#include "source/home.h"
#include "source/session.h"

#define EVENTS_POLL_MS 50

struct numa_tool {
	struct options options;
	struct session session;
	struct numa_probe *probe;
	struct topology topology;
	struct numa_vms *vms;
	struct homes homes;
	struct numa_view views[2];
	unsigned int latest; /* which of the two */
	struct numa_report report;
};

static void on_numa_event(void *context, const struct numa_event *event)
{
	struct numa_tool *numa = context;

	numa_report__print_event(&numa->report, stdout, event,
				 vms__get(numa->session.vms, &event->identity));
}

static size_t find_memory(void *context, const struct snapshot *snapshot, uint32_t pid,
			  const struct memory_range **ranges)
{
	struct numa_tool *numa = context;

	return numa_probe__memory(numa->probe, snapshot, pid, ranges);
}

/* before: the view before, or NULL. */
static int read_view(struct numa_tool *numa, const struct numa_view *before, struct numa_view *view)
{
	int error = session__read(&numa->session, &view->snapshot);

	if (error)
		return error;
	numa->report.boot_ns = numa->session.boot_ns;
	error = numa_probe__read(numa->probe, &view->snapshot, &view->numa);
	view->numa.balancing = balancing__read("/proc");
	if (!error)
		error = numa_vms__read(numa->vms, &view->snapshot, numa->session.vms, &view->numa);
	if (!error && before)
		error = homes__fill(&numa->homes, &before->numa, &view->numa, &view->snapshot);
	if (error)
		log_error("reading the counters of nodes: %s: start again", strerror(-error));
	return error;
}

static int report(void *context)
{
	struct numa_tool *numa = context;
	struct numa_view *before = &numa->views[numa->latest];
	struct numa_view *after = &numa->views[!numa->latest];
	int error = read_view(numa, before, after);

	if (error)
		return error;
	numa->latest = !numa->latest;
	if (numa->options.events)
		numa_probe__flush(numa->probe, false);
	errno = 0;
	error = numa_report__print(&numa->report, stdout, before, after);
	return session__shown(&numa->session, &after->snapshot, error);
}

static int poll_probes(void *context)
{
	struct numa_tool *numa = context;
	int error = session__poll(&numa->session);

	if (error || !numa->options.events)
		return error;
	numa_probe__flush(numa->probe, false);
	return flush_output();
}

/* A number of another namespace's may be a stranger's in this one. */
static const char *blind(void)
{
	enum proc_view view = proc_view__read("/proc");

	return proc_view__is_foreign(view) ? proc_view__reason(view) : NULL;
}

static int open_all(struct numa_tool *numa)
{
	const struct options *options = &numa->options;
	struct sched_probe_config sched = { .nodes = true,
					    .moves = options->events && !options->event_min_ns };
	struct numa_probe_config config = {
		.filtered = session__is_filtered(options),
		.events = options->events,
		.event_min_ns = options->event_min_ns,
		.on_event = on_numa_event,
		.context = numa,
		.topology = &numa->topology,
	};
	struct numa_vms_config vms = {
		.residency = { .proc = "/proc",
			       .cgroups = "/sys/fs/cgroup",
			       .source = numa->report.source,
			       .period_ns = numa->report.period_ns },
		.resctrl = "/sys/fs/resctrl",
		.blind = blind(),
		.memory = find_memory,
		.context = numa,
	};

	if (session__open(&numa->session, options, &sched))
		return -EINVAL;
	if (numa_probe__open(&numa->probe, numa->session.probe, &config))
		return -EINVAL;
	numa->vms = numa_vms__new(&vms);
	if (!numa->vms)
		return -ENOMEM;
	return privileges_drop(0);
}

static void close_all(struct numa_tool *numa)
{
	numa_vms__free(numa->vms);
	homes__free(&numa->homes);
	numa_probe__close(numa->probe);
	session__close(&numa->session);
	numa_report__free(&numa->report);
	topology__free(&numa->topology);
	for (int i = 0; i < 2; i++) {
		snapshot__free(&numa->views[i].snapshot);
		numa_snapshot__free(&numa->views[i].numa);
	}
}

static int read_topology(struct topology *topology)
{
	int error = topology__read(topology, "/sys");

	if (error == -ERANGE)
		log_error("/sys/devices/system/node: a node over %d: kvmq was built for fewer: "
			  "raise SCHED_NODES",
			  NODES_MAX - 1);
	else if (error)
		log_error("/sys/devices/system/node: %s: mount /sys", strerror(-error));
	return error;
}

static int run(struct numa_tool *numa)
{
	struct run_steps steps = { .poll = poll_probes,
				   .poll_ms = numa->options.events ? EVENTS_POLL_MS : -1,
				   .report = report,
				   .context = numa };
	struct command command = { .gate = -1 };
	int status = STATUS_HOST;

	runner__prepare();
	if (numa->options.command && command__prepare(&command, numa->options.command))
		return STATUS_FAILED;
	host__read(&numa->report.host);
	if (!read_topology(&numa->topology) && !open_all(numa)) {
		status = STATUS_FAILED;
		if (!sched_probe__start(numa->session.probe) &&
		    !read_view(numa, NULL, &numa->views[0]))
			status = runner__run(&numa->options, &command,
					     sched_probe__fd(numa->session.probe), &steps);
		if (numa->options.events && status != STATUS_FAILED) {
			numa_probe__flush(numa->probe, true);
			if (output_status())
				status = STATUS_FAILED;
		}
	}
	command__signal(&command, 0);
	close_all(numa);
	return status;
}

int main(int argc, char **argv)
{
	static struct numa_tool numa;
	int status;

	if (options_parse(&numa.options, &numa_tool, argc, argv, &status) ||
	    numa_report__init(&numa.report, &numa.options, &status))
		return status;
	return run(&numa);
}
