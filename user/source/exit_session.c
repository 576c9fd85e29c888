// SPDX-License-Identifier: GPL-2.0-only
#include "source/exit_session.h"

#include <string.h>

#include "base/log.h"
#include "model/choice.h"

static void on_exit_event(void *context, const struct exit_event *event)
{
	const struct exit_session *exits = context;
	const struct named_exit named = { session__names(exits->session, &event->identity),
					  *event };

	exits->sink->take(exits->sink->context, &named);
}

int exit_session__open(struct exit_session *exits, const struct session *session,
		       const struct options *options, const struct event_sink *sink, bool detached)
{
	const struct kvm_probe_config config = {
		.filtered = options__choose(options),
		.events = sink && options->events,
		.detached = detached,
		.event_min_ns = options->event_min_ns,
		.on_exit = on_exit_event,
		.context = exits,
	};

	exits->session = session;
	exits->sink = sink;
	return kvm_probe__open(&exits->probe, session->probe, &config);
}

void exit_session__close(struct exit_session *exits)
{
	kvm_probe__close(exits->probe);
	exits->probe = NULL;
}

int exit_session__read(struct exit_session *exits, struct view *view)
{
	int error = kvm_probe__read(exits->probe, &view->sched, &view->exits);

	if (!error)
		error = kvm_probe__read_losses(exits->probe, &view->shares);
	session__name_losses(exits->session, &view->shares);
	if (error)
		log_error("reading the counters of exits: %s: %s", strerror(-error),
			  remedy(error, "start again"));
	return error;
}
