// SPDX-License-Identifier: GPL-2.0-only
/* A tool that measures, and may record what it does. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/privileges.h"
#include "cli/runner.h"
#include "cli/tool_internal.h"
#include "recording/recorder.h"
#include "source/socket_source.h"

#define POLL_MS 50

struct measuring {
	struct life *life;
	const struct source_ops *ops;
	struct recording_info info; /* of what is recorded, and made use of */
	void *source;
	struct view views[2];
	unsigned int latest;	   /* index of the later one */
	struct list events;	   /* that have come since */
	struct recorder *recorder; /* NULL: nothing is recorded */
	int error;		   /* what went wrong with an event */
};

static struct list *events_of(const struct set *events, struct view *view)
{
	return (struct list *)((char *)view + events->list);
}

static void take_event(void *context, const void *event)
{
	struct measuring *measuring = context;
	const struct tool_ops *ops = measuring->life->ops;
	void *kept;

	if (measuring->life->options.events)
		ops->report->print_event(measuring->life->report, stdout,
					 &measuring->views[measuring->latest], event);
	if (!measuring->recorder)
		return;
	kept = list__add(&measuring->events, ops->events->size);
	if (kept)
		memcpy(kept, event, ops->events->size);
	else
		measuring->error = -ENOMEM;
}

/*
 * The events up to a view are part of it. The memory of its older events is used for the next ones.
 */
static void hand_over_events(struct measuring *measuring, struct view *view)
{
	struct list *list = events_of(measuring->life->ops->events, view);
	struct list older = *list;

	*list = measuring->events;
	older.count = 0;
	measuring->events = older;
}

static int read_view(struct measuring *measuring, struct view *view)
{
	int error = measuring->ops->read(measuring->source, view);

	if (error)
		return error;
	if (!measuring->recorder)
		return 0;
	if (measuring->life->ops->events)
		hand_over_events(measuring, view);
	/* If it fails, it has said so, and showing goes on. */
	recorder__write(measuring->recorder, view);
	return 0;
}

/* An interval that is cut short before there is anything later is none. */
static int report(void *context)
{
	struct measuring *measuring = context;
	const struct view *before = &measuring->views[measuring->latest];
	struct view *after = &measuring->views[!measuring->latest];
	int error = read_view(measuring, after);

	if (error == -EINTR)
		log_error("ended by a signal while reading: the last interval is not shown");
	if (error)
		return error < 0 ? error : 0;
	measuring->latest = !measuring->latest;
	error = life__show(measuring->life, before, after);
	if (measuring->ops->shown)
		measuring->ops->shown(measuring->source, after);
	return error;
}

static int poll_source(void *context)
{
	struct measuring *measuring = context;
	int error;

	errno = 0;
	error = measuring->ops->poll(measuring->source);
	if (!error && measuring->error) {
		error = measuring->error;
		log_error("--record: an event: %s: record no events", strerror(-error));
	}
	return error ? error : flush_output();
}

static int open_recorder(struct measuring *measuring)
{
	const struct options *options = &measuring->life->options;
	const struct host *host = measuring->ops->host(measuring->source);

	if (!options->record)
		return 0;
	measuring->info.host = host->name;
	measuring->info.boot_id = host->boot_id;
	return recorder__open(&measuring->recorder, options->record, &measuring->info);
}

/* The files were opened with all privileges; the rest needs only a few. */
static int measure(struct measuring *measuring, struct command *command)
{
	const struct options *options = &measuring->life->options;
	const struct source_ops *ops = measuring->ops;
	const struct privileges_kept kept = { .needs = ops->needs ? ops->needs(options) : 0,
					      .records = options->record,
					      .command = command->pid };
	bool polls = options->events || (ops->is_silent && ops->is_silent(options));
	struct run_steps steps = { .poll = poll_source,
				   .poll_ms = polls ? POLL_MS : -1,
				   .report = report,
				   .context = measuring };
	int timer_fd, error;

	if ((ops->create && ops->create(measuring->source)) || open_recorder(measuring))
		return STATUS_FAILED;
	if (privileges_drop(&kept))
		return STATUS_HOST;
	error = ops->start ? ops->start(measuring->source) : 0;
	if (!error)
		error = read_view(measuring, &measuring->views[0]);
	if (error) /* a signal before there is an interval takes nothing away */
		return error == -EINTR ? STATUS_DONE : STATUS_FAILED;
	if (ops->pace) {
		timer_fd = ops->pace(measuring->source, options->interval_ns);
		steps.timer_fd = &timer_fd;
	}
	return runner__run(options, command, ops->fd ? ops->fd(measuring->source) : -1, &steps);
}

/* A command's status stays. A failure that has been reported is not reported again. */
static int stop(struct measuring *measuring, int status)
{
	const struct source_ops *ops = measuring->ops;
	bool failed =
		ops->stop && ops->stop(measuring->source, &measuring->views[measuring->latest]);

	if (!failed && status != STATUS_FAILED)
		failed = flush_output() && !output_is_unread();
	return failed && !status ? STATUS_FAILED : status;
}

static int run(struct measuring *measuring)
{
	const struct options *options = &measuring->life->options;
	const struct event_sink sink = { take_event, measuring };
	struct command command = { .gate = -1 };
	int status = STATUS_HOST, error;

	runner__prepare(options);
	if (measuring->ops->prepare)
		measuring->ops->prepare(measuring->source, &measuring->info);
	if (options->command && command__prepare(&command, options->command))
		return STATUS_FAILED;
	error = source__open(measuring->ops, measuring->source, options, &sink);
	if (!error) {
		status = measure(measuring, &command);
		status = stop(measuring, status);
	} else if (error == -EINTR) {
		status = STATUS_DONE;
	} else if (!log_has_error()) {
		log_error("starting: %s: %s", strerror(-error), remedy(error, "start again"));
	}
	command__signal(&command, 0);
	measuring->ops->close(measuring->source);
	recorder__close(measuring->recorder);
	list__free(&measuring->events);
	return status;
}

int life__measure(struct life *life)
{
	struct measuring measuring = { .life = life,
				       .ops = life->options.socket ? &socket_source
								   : life->ops->live,
				       .info = life__info(life, "--record") };
	int status = STATUS_FAILED;

	measuring.source = life__new(measuring.ops->size);
	if (measuring.source)
		status = run(&measuring);
	view__free(&measuring.views[0]);
	view__free(&measuring.views[1]);
	free(measuring.source);
	return status;
}
