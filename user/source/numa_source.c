// SPDX-License-Identifier: GPL-2.0-only
/* Views of where vCPUs run and what memory they reach: the sched probe, the numa probe, /proc. */
#include "source/numa_session.h"
#include "source/session.h"
#include "source/source.h"

struct numa_source {
	struct session_source base;
	struct numa_session numa;
};

static int open_source(void *data, const struct options *options, const struct event_sink *sink)
{
	struct numa_source *source = data;
	struct sched_probe_config sched = {
		.moves = options->events && !options->event_min_ns,
	};
	int error = numa_session__read_topology(&source->numa);

	sched.nodes = source->numa.topology.node_end;
	if (!error)
		error = session_source__open(&source->base, options, sink, &sched);
	if (error)
		return error;
	return numa_session__open(&source->numa, &source->base.session, options, sink, false);
}

static int poll_source(void *data)
{
	struct numa_source *source = data;
	int error = session_source__poll(source);

	if (!error)
		numa_session__flush(&source->numa, false);
	return error;
}

static int read_view(void *data, struct view *view)
{
	struct numa_source *source = data;
	int error = session_source__read(&source->base, view);

	if (!error)
		error = numa_session__read(&source->numa, view);
	if (!error)
		numa_session__flush(&source->numa, false);
	return error;
}

/* Bursts that go on end with the tool. */
static int stop(void *data, const struct view *view)
{
	struct numa_source *source = data;

	(void)view;
	numa_session__flush(&source->numa, true);
	return 0;
}

static void close_source(void *data)
{
	struct numa_source *source = data;

	numa_session__close(&source->numa);
	session__close(&source->base.session);
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
