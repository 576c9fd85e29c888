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
	const struct event_sink *sink;
	struct host host;
	struct session session;
	struct kvm_probe *probe;
};

static void on_exit_event(void *context, const struct exit_event *event)
{
	struct exit_source *source = context;
	const struct named_exit named = { session__names(&source->session, &event->identity),
					  *event };

	source->sink->take(source->sink->context, &named);
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

	source->sink = sink;
	host__read(&source->host);
	error = session__open(&source->session, options, &sched);
	return error ? error : kvm_probe__open(&source->probe, source->session.probe, &config);
}

static const struct host *get_host(const void *data)
{
	const struct exit_source *source = data;

	return &source->host;
}

/* The second probe first: it must see all of a thread whose books have begun. */
static int start(void *data)
{
	struct exit_source *source = data;
	int error = kvm_probe__start(source->probe);

	return error ? error : sched_probe__start(source->session.probe);
}

static int get_fd(const void *data)
{
	const struct exit_source *source = data;

	return sched_probe__fd(source->session.probe);
}

static int poll_source(void *data)
{
	struct exit_source *source = data;

	return session__poll(&source->session);
}

static int read_view(void *data, void *into)
{
	struct exit_source *source = data;
	struct view *view = into;
	int error = session__read(&source->session, &view->sched);

	if (error)
		return error;
	view->host = source->host;
	error = kvm_probe__read(source->probe, &view->sched, &view->exits);
	if (error)
		log_error("reading the counters of exits: %s: %s", strerror(-error),
			  remedy(error, "start again"));
	return error;
}

static void shown(void *data, const void *view)
{
	struct exit_source *source = data;

	session__shown(&source->session, &((const struct view *)view)->sched);
}

static void close_source(void *data)
{
	struct exit_source *source = data;

	kvm_probe__close(source->probe);
	session__close(&source->session);
}

const struct source_ops exit_source = {
	.size = sizeof(struct exit_source),
	.open = open_source,
	.host = get_host,
	.start = start,
	.fd = get_fd,
	.poll = poll_source,
	.read = read_view,
	.shown = shown,
	.close = close_source,
};
