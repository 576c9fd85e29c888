// SPDX-License-Identifier: GPL-2.0-only
#include "source/numa_session.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "host/proc_view.h"
#include "model/choice.h"

static void on_numa_event(void *context, const struct numa_event *event)
{
	const struct numa_session *numa = context;
	const struct named_burst named = { session__names(numa->session, &event->identity),
					   *event };

	numa->sink->take(numa->sink->context, &named);
}

static size_t find_memory(void *context, const struct snapshot *snapshot, uint32_t pid,
			  const struct memory_range **ranges)
{
	const struct numa_session *numa = context;

	return numa_probe__memory(numa->probe, snapshot, pid, ranges);
}

/* In another namespace a PID may be that of another process. */
static const char *blind(void)
{
	enum proc_view view = proc_view__read("/proc");

	return proc_view__is_foreign(view) ? proc_view__reason(view) : NULL;
}

int numa_session__read_topology(struct numa_session *numa)
{
	int error = topology__read(&numa->topology, "/sys");

	if (error == -ERANGE)
		log_error("/sys/devices/system/node: a node over %d: kvmq was built for fewer: "
			  "raise SCHED_NODES",
			  NODES_MAX - 1);
	else if (error)
		log_error("/sys/devices/system/node: %s: %s", strerror(-error),
			  remedy(error, "mount /sys"));
	return error;
}

static int open_vms(struct numa_session *numa, const struct options *options)
{
	struct numa_vms_config config = {
		.residency = { .proc = "/proc",
			       .cgroups = "/sys/fs/cgroup",
			       .source = (enum residency_source)options->numa.residency,
			       .period_ns = options->numa.period_ns,
			       .least_ns = options->numa.least_ns,
			       .most_ns = options->numa.most_ns },
		.budget = options->numa.budget,
		.resctrl = "/sys/fs/resctrl",
		.blind = blind(),
		.memory = find_memory,
		.context = numa,
	};

	numa->vms = numa_vms__new(&config);
	return numa->vms ? 0 : -ENOMEM;
}

int numa_session__open(struct numa_session *numa, const struct session *session,
		       const struct options *options, const struct event_sink *sink, bool detached)
{
	const struct numa_probe_config config = {
		.filtered = options__choose(options),
		.events = sink && options->events,
		.detached = detached,
		.event_min_ns = options->event_min_ns,
		.on_event = on_numa_event,
		.context = numa,
		.topology = &numa->topology,
	};
	int error;

	numa->session = session;
	numa->homes.node_end = (int)numa->topology.node_end;
	numa->sink = sink;
	numa->events = config.events;
	error = numa_probe__open(&numa->probe, session->probe, &config);
	if (!error)
		error = open_vms(numa, options);
	if (!error && detached)
		numa_session__detach(numa);
	return error;
}

void numa_session__close(struct numa_session *numa)
{
	numa_vms__free(numa->vms);
	numa->vms = NULL;
	homes__free(&numa->homes);
	numa_probe__close(numa->probe);
	numa->probe = NULL;
	topology__free(&numa->topology);
}

void numa_session__attach(struct numa_session *numa)
{
	numa_probe__attach(numa->probe);
	numa_vms__pause(numa->vms, NULL);
}

void numa_session__detach(struct numa_session *numa)
{
	numa_probe__detach(numa->probe);
	numa_vms__pause(numa->vms, "it is not looked at");
}

void numa_session__flush(struct numa_session *numa, bool all)
{
	if (numa->events)
		numa_probe__flush(numa->probe, all);
}

int numa_session__read(struct numa_session *numa, struct view *view)
{
	int error = numa_probe__read(numa->probe, &view->sched, &view->numa);

	view->numa.balancing = balancing__read("/proc");
	view->numa.sched_ext = sched_ext__has_all("/sys");
	if (!error)
		error = numa_vms__read(numa->vms, &view->sched, numa->session->vms, &view->numa);
	if (!error && numa->latest)
		error = homes__fill(&numa->homes, &numa->latest->numa, &view->numa, &view->sched);
	numa->latest = error ? NULL : view;
	if (error)
		log_error("reading the counters of nodes: %s: %s", strerror(-error),
			  remedy(error, "start again"));
	return error;
}
