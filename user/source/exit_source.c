// SPDX-License-Identifier: GPL-2.0-only
/* Views of where the running time of vCPUs goes: the sched probe and KVM's. */
#include "source/exit_session.h"
#include "source/session.h"
#include "source/source.h"

struct exit_source {
	struct session_source base;
	struct exit_session exits;
};

static int open_source(void *data, const struct options *options, const struct event_sink *sink)
{
	struct exit_source *source = data;
	const struct sched_probe_config sched = { .ready = true };
	int error = session_source__open(&source->base, options, sink, &sched);

	if (error)
		return error;
	return exit_session__open(&source->exits, &source->base.session, options, sink, false);
}

/* The second probe first: it must see all of a thread whose books have begun. */
static int start(void *data)
{
	struct exit_source *source = data;
	int error = kvm_probe__start(source->exits.probe);

	return error ? error : session_source__start(source);
}

static int read_view(void *data, struct view *view)
{
	struct exit_source *source = data;
	int error = session_source__read(&source->base, view);

	return error ? error : exit_session__read(&source->exits, view);
}

static void close_source(void *data)
{
	struct exit_source *source = data;

	exit_session__close(&source->exits);
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
