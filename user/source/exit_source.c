// SPDX-License-Identifier: GPL-2.0-only
/* Views of where the running time of vCPUs goes: the sched probe and KVM's. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "host/host.h"
#include "probe/kvm.h"
#include "source/session.h"
#include "source/source.h"

struct exit_source {
	struct session_source base;
	struct kvm_probe *probe;
};

static void on_exit_event(void *context, const struct exit_event *event)
{
	struct exit_source *source = context;
	const struct named_exit named = { session__names(&source->base.session, &event->identity),
					  *event };

	source->base.sink->take(source->base.sink->context, &named);
}

static int open_source(void *data, const struct options *options, const struct event_sink *sink)
{
	struct exit_source *source = data;
	struct sched_probe_config sched = { .ready = true };
	struct kvm_probe_config config = {
		.filtered = session__is_filtered(options),
		.events = options->events,
		.event_min_ns = options->event_min_ns,
		.on_exit = on_exit_event,
		.context = source,
	};
	int error;

	source->base.sink = sink;
	host__read(&source->base.host);
	error = session__open(&source->base.session, options, &sched);
	return error ? error : kvm_probe__open(&source->probe, source->base.session.probe, &config);
}

/* The second probe first: it must see all of a thread whose books have begun. */
static int start(void *data)
{
	struct exit_source *source = data;
	int error = kvm_probe__start(source->probe);

	return error ? error : sched_probe__start(source->base.session.probe);
}

static int read_view(void *data, struct view *view)
{
	struct exit_source *source = data;
	int error = session__read(&source->base.session, &view->sched);

	if (error)
		return error;
	view->host = source->base.host;
	error = kvm_probe__read(source->probe, &view->sched, &view->exits);
	if (error)
		log_error("reading the counters of exits: %s: %s", strerror(-error),
			  remedy(error, "start again"));
	return error;
}

static void close_source(void *data)
{
	struct exit_source *source = data;

	kvm_probe__close(source->probe);
	session__close(&source->base.session);
}

const struct source_ops exit_source = {
	.size = sizeof(struct exit_source),
	.open = open_source,
	.host = session_source__host,
	.start = start,
	.fd = session_source__fd,
	.poll = session_source__poll,
	.read = read_view,
	.shown = session_source__shown,
	.close = close_source,
};
