// SPDX-License-Identifier: GPL-2.0-only
/* Views of where vCPUs run and what memory they reach: the sched probe, the numa probe, /proc. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "host/host.h"
#include "host/numa_vms.h"
#include "host/proc_view.h"
#include "host/topology.h"
#include "probe/numa.h"
#include "source/home.h"
#include "source/session.h"
#include "source/source.h"

struct numa_source {
	struct session_source base;
	bool events;
	struct topology topology;
	struct numa_probe *probe;
	struct numa_vms *vms;
	struct homes homes;
	const struct view *latest; /* that was read, borrowed; NULL: none yet */
};

static void on_numa_event(void *context, const struct numa_event *event)
{
	struct numa_source *source = context;
	const struct named_burst named = { session__names(&source->base.session, &event->identity),
					   *event };

	source->base.sink->take(source->base.sink->context, &named);
}

static size_t find_memory(void *context, const struct snapshot *snapshot, uint32_t pid,
			  const struct memory_range **ranges)
{
	struct numa_source *source = context;

	return numa_probe__memory(source->probe, snapshot, pid, ranges);
}

/* A number of another namespace's may be a stranger's in this one. */
static const char *blind(void)
{
	enum proc_view view = proc_view__read("/proc");

	return proc_view__is_foreign(view) ? proc_view__reason(view) : NULL;
}

static int read_topology(struct topology *topology)
{
	int error = topology__read(topology, "/sys");

	if (error == -ERANGE)
		log_error("/sys/devices/system/node: a node over %d: kvmq was built for fewer: "
			  "raise SCHED_NODES",
			  NODES_MAX - 1);
	else if (error)
		log_error("/sys/devices/system/node: %s: %s", strerror(-error),
			  remedy(error, "mount /sys"));
	return error;
}

static int open_vms(struct numa_source *source, const struct options *options)
{
	struct numa_vms_config config = {
		.residency = { .proc = "/proc",
			       .cgroups = "/sys/fs/cgroup",
			       .source = (enum residency_source)options->numa.residency,
			       .period_ns = options->numa.period_ns },
		.resctrl = "/sys/fs/resctrl",
		.blind = blind(),
		.memory = find_memory,
		.context = source,
	};

	source->vms = numa_vms__new(&config);
	return source->vms ? 0 : -ENOMEM;
}

static int open_source(void *data, const struct options *options, const struct event_sink *sink)
{
	struct numa_source *source = data;
	struct sched_probe_config sched = { .nodes = true,
					    .moves = options->events && !options->event_min_ns };
	struct numa_probe_config config = {
		.filtered = session__is_filtered(options),
		.events = options->events,
		.event_min_ns = options->event_min_ns,
		.on_event = on_numa_event,
		.context = source,
		.topology = &source->topology,
	};
	int error;

	source->base.sink = sink;
	source->events = options->events;
	host__read(&source->base.host);
	error = read_topology(&source->topology);
	if (!error)
		error = session__open(&source->base.session, options, &sched);
	if (!error)
		error = numa_probe__open(&source->probe, source->base.session.probe, &config);
	return error ? error : open_vms(source, options);
}

static int poll_source(void *data)
{
	struct numa_source *source = data;
	int error = session__poll(&source->base.session);

	if (!error && source->events)
		numa_probe__flush(source->probe, false);
	return error;
}

static int read_nodes(struct numa_source *source, struct view *view)
{
	int error = numa_probe__read(source->probe, &view->sched, &view->numa);

	view->numa.balancing = balancing__read("/proc");
	if (!error)
		error = numa_vms__read(source->vms, &view->sched, source->base.session.vms,
				       &view->numa);
	if (!error && source->latest)
		error = homes__fill(&source->homes, &source->latest->numa, &view->numa,
				    &view->sched);
	source->latest = error ? NULL : view;
	if (error)
		log_error("reading the counters of nodes: %s: %s", strerror(-error),
			  remedy(error, "start again"));
	return error;
}

static int read_view(void *data, struct view *view)
{
	struct numa_source *source = data;
	int error = session__read(&source->base.session, &view->sched);

	if (error)
		return error;
	view->host = source->base.host;
	error = read_nodes(source, view);
	if (!error && source->events)
		numa_probe__flush(source->probe, false);
	return error;
}

/* Bursts that are going on end with the tool. */
static int stop(void *data, const struct view *view)
{
	struct numa_source *source = data;

	(void)view;
	if (source->events)
		numa_probe__flush(source->probe, true);
	return 0;
}

static void close_source(void *data)
{
	struct numa_source *source = data;

	numa_vms__free(source->vms);
	homes__free(&source->homes);
	numa_probe__close(source->probe);
	session__close(&source->base.session);
	topology__free(&source->topology);
}

const struct source_ops numa_source = {
	.size = sizeof(struct numa_source),
	.open = open_source,
	.host = session_source__host,
	.start = session_source__start,
	.fd = session_source__fd,
	.poll = poll_source,
	.read = read_view,
	.shown = session_source__shown,
	.stop = stop,
	.close = close_source,
};
