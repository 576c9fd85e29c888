// SPDX-License-Identifier: GPL-2.0-only
/* The source of what is shown live, and what is kept of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/privileges.h"
#include "base/units.h"
#include "top/run_internal.h"

#define HISTORY_BYTES ((size_t)8 << 20)
#define HISTORY_NS (600 * NSEC_PER_SEC)
#define UNSEEN_NS (60 * NSEC_PER_SEC) /* what costs is left on for so long */

/* Nothing is asked for that has events. */
static void drop_event(void *context, const void *event)
{
	(void)context;
	(void)event;
}

static const struct event_sink no_events = { drop_event, NULL };

static int open_source(struct top_run *run)
{
	const struct source_ops *ops = run->input->live;
	int error = source__open(ops, run->source, run->input->options, &no_events);

	if (error == -EINTR)
		run->stop = true;
	else if (error && !log_has_error())
		log_error("starting: %s: %s", strerror(-error), remedy(error, "start again"));
	return error;
}

int live__open(struct top_run *run)
{
	const struct source_ops *ops = run->input->live;
	const struct options *options = run->input->options;
	struct privileges_kept kept = { 0 };

	history__init(&run->history, run->input->info->sets, sizeof(struct view), HISTORY_BYTES,
		      HISTORY_NS);
	run->moments.history = &run->history;
	run->source = calloc(1, ops->size);
	if (!run->source) {
		log_error("starting: %s", remedy(ENOMEM, NULL));
		return STATUS_FAILED;
	}
	if (ops->prepare)
		ops->prepare(run->source, run->input->info);
	if (open_source(run))
		return run->stop ? STATUS_DONE : STATUS_HOST;
	if (ops->create && ops->create(run->source))
		return STATUS_FAILED;
	kept.needs = ops->needs ? ops->needs(options) : 0;
	if (privileges_drop(&kept))
		return STATUS_HOST;
	if ((ops->start && ops->start(run->source)) || live__read(run))
		return STATUS_FAILED;
	return STATUS_DONE;
}

void live__close(struct top_run *run)
{
	if (run->source)
		run->input->live->close(run->source);
	free(run->source);
	view__free(&run->views[0]);
	view__free(&run->views[1]);
	history__free(&run->history);
}

int live__poll(struct top_run *run)
{
	return run->input->live->poll(run->source);
}

int live__attend(struct top_run *run)
{
	uint64_t now = clock_monotonic_ns();
	unsigned int parts = 0;
	int error;

	if (!run->input->want)
		return 0;
	run->seen_ns[run->top->screen] = now;
	for (size_t i = 0; i < run->top->screen_count; i++)
		if (run->seen_ns[i] && now - run->seen_ns[i] < UNSEEN_NS)
			parts |= run->top->screens[i].part;
	if (parts == run->parts)
		return 0;
	error = run->input->want(run->source, parts);
	if (error == -EINTR) {
		run->stop = true;
		return 0;
	}
	run->parts = parts;
	run->parts_begin = run->history.dropped + run->history.views.count;
	return error;
}

/* The first view is the earlier one of a pair that is still to come. */
int live__read(struct top_run *run)
{
	const struct source_ops *ops = run->input->live;
	struct view *before = &run->views[run->latest], *after = &run->views[!run->latest];
	bool is_pair = run->history.views.count > 0, is_kept;
	int error = ops->read(run->source, after);

	if (error)
		return error < 0 ? error : 0;
	run->latest = !run->latest;
	is_kept = !history__add(&run->history, is_pair ? before : NULL, after,
				after->sched.realtime_ns);
	if (!is_kept)
		snprintf(run->top->message, sizeof(run->top->message),
			 "no memory to keep this moment: %s", remedy(ENOMEM, NULL));
	if (is_pair && run->top->time.follow) {
		run->place = 0;
		error = top__show(run->top,
				  is_kept ? run__begin(run, run->history.views.count - 1, before)
					  : before,
				  before, after);
	}
	run->is_changed = true;
	if (is_pair && ops->shown)
		ops->shown(run->source, after);
	run->shown += is_pair;
	return error;
}
