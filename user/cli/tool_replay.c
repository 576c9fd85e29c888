// SPDX-License-Identifier: GPL-2.0-only
/* A tool that shows what was recorded, as it was shown, or in coarser steps. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/privileges.h"
#include "cli/tool_internal.h"
#include "source/recorded.h"

/*
 * Three views: the earlier one of the pair to show; the latest one of the step that begins there;
 * and the one that is being read, which may be of another run.
 */
enum { BEFORE, HELD, READ, VIEWS };

struct replay {
	struct life *life;
	struct recording *recording;
	struct view views[VIEWS];
	int64_t run;	/* of BEFORE; 0: there is none yet */
	bool held;	/* HELD is one */
	uint64_t shown; /* intervals */
};

static void swap(struct replay *replay, int one, int other)
{
	const struct view view = replay->views[one];

	replay->views[one] = replay->views[other];
	replay->views[other] = view;
}

static uint64_t time_of(const struct replay *replay, int which)
{
	return replay->views[which].sched.realtime_ns;
}

/* The time of day may have been set meanwhile. */
static uint64_t monotonic_of(const struct replay *replay, int which)
{
	return replay->views[which].sched.time_ns;
}

/* Returns 0, 1 (the last one) or -errno. */
static int show_held(struct replay *replay)
{
	const struct options *options = &replay->life->options;
	int error;

	if (!replay->held)
		return 0;
	error = life__show(replay->life, &replay->views[BEFORE], &replay->views[HELD]);
	swap(replay, BEFORE, HELD);
	replay->held = false;
	replay->shown++;
	return error ? error : replay->shown == options->count;
}

static void print_events(const struct replay *replay)
{
	const struct tool_ops *ops = replay->life->ops;
	const struct view *before = &replay->views[replay->held ? HELD : BEFORE];
	const struct list *events;

	if (!replay->life->options.events || !ops->events)
		return;
	events = (const struct list *)((const char *)&replay->views[READ] + ops->events->list);
	for (size_t i = 0; i < events->count; i++)
		ops->report->print_event(replay->life->report, stdout, before,
					 (const char *)events->items + i * ops->events->size);
}

/* Recorded intervals are hardly ever exact, so a step ends up to half an interval early. */
static bool is_step(const struct replay *replay)
{
	const struct options *options = &replay->life->options;
	uint64_t half_ns = recording__run(replay->recording)->interval_ns / 2;

	return !options->interval_given ||
	       monotonic_of(replay, HELD) + half_ns >=
		       monotonic_of(replay, BEFORE) + options->interval_ns;
}

/* The view that was read ends an interval that is wanted. */
static bool is_wanted(const struct replay *replay)
{
	const struct options *options = &replay->life->options;

	return time_of(replay, READ) <= options->until_ns &&
	       (!options->since || time_of(replay, READ) > options->since_ns);
}

static bool has_wanted_events(const struct replay *replay)
{
	const struct options *options = &replay->life->options;

	return time_of(replay, READ) <= options->until_ns &&
	       time_of(replay, READ) >= options->since_ns;
}

/* A view was read. Returns 0, 1 (no more are wanted) or -errno. */
static int take_view(struct replay *replay)
{
	int64_t id = recording__run(replay->recording)->id;
	int done;

	if (id != replay->run || !is_wanted(replay)) {
		/*
		 * The time between two runs was not measured. What came before a run's first view
		 * was.
		 */
		done = show_held(replay);
		if (!done && has_wanted_events(replay))
			print_events(replay);
		swap(replay, BEFORE, READ);
		replay->run = id;
		return done;
	}
	print_events(replay);
	swap(replay, HELD, READ);
	replay->held = true;
	return is_step(replay) ? show_held(replay) : 0;
}

static int choose_moments(struct replay *replay)
{
	const struct options *options = &replay->life->options;

	if (options->incident)
		return recording__choose(replay->recording, (int64_t)options->incident);
	if (!options->since && !options->until)
		return 0;
	return recording__between(replay->recording, options->since ? options->since_ns : 0,
				  options->until_ns);
}

/* Returns 0 or -errno. */
static int replay_all(struct replay *replay)
{
	const struct options *options = &replay->life->options;
	int done = choose_moments(replay), got = 1;

	while (!done && got > 0) {
		got = recorded__next(replay->recording, options, &replay->views[READ]);
		done = got > 0 ? take_view(replay) : got;
	}
	/*
	 * A last step that is too short is shown, too, like an interval that a signal cuts short.
	 */
	if (done >= 0 && (!options->count || replay->shown != options->count))
		done = show_held(replay);
	if (done < 0 || replay->shown)
		return done < 0 ? done : 0;
	log_error("--from: '%s': no interval in it%s: see 'sqlite3 FILE \"SELECT * FROM runs\"'",
		  options->from, options->since || options->until ? " at that time" : "");
	return -ENODATA;
}

static int run(struct replay *replay)
{
	struct recording_info info = life__info(replay->life, "--from");

	const struct options *options = &replay->life->options;
	int error;

	if (recording__open(&replay->recording, options->from, &info))
		return -EINVAL;
	/* A stranger may have written it. */
	if (privileges_drop_all())
		return -EPERM;
	error = recorded__check(replay->recording, options);
	return error ? error : replay_all(replay);
}

int life__replay(struct life *life)
{
	struct replay replay = { .life = life };
	int error = run(&replay);

	recording__close(replay.recording);
	for (int i = 0; i < VIEWS; i++)
		view__free(&replay.views[i]);
	if (error == -ENOENT)
		return STATUS_HOST; /* as where a host has no such VM */
	return error && !output_is_unread() ? STATUS_FAILED : STATUS_DONE;
}
