// SPDX-License-Identifier: GPL-2.0-only
/* What keys ask of the loop: another time, another interval, a file. */
#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/units.h"
#include "recording/recorder.h"
#include "top/keys.h"
#include "top/run_internal.h"

int run__show(struct top_run *run, size_t place)
{
	const struct view *before, *after;
	int error;

	if (!place)
		return 0;
	error = moments__read(&run->moments, READ_SHOWN, place, &before, &after);
	if (!error)
		error = top__show(run->top, run__begin(run, place, before), before, after);
	run->place = place;
	run->is_changed = true;
	return error;
}

/* Of the live views, the last pair that is kept. */
size_t run__place(const struct top_run *run)
{
	if (run->place)
		return run->place;
	return moments__step(&run->moments, moments__count(&run->moments), -1);
}

/* While it is frozen, what is shown must not be what is read next. */
static int change_follow(struct top_run *run)
{
	if (run->top->time.is_recording)
		return 0;
	if (!run->top->time.follow)
		return run__show(run, run__place(run));
	run->place = 0;
	return 0;
}

static int write_moments(struct top_run *run, struct recorder *recorder, size_t *count)
{
	struct view view = { .waits = { .count = 0 } };
	int error = 0;

	for (*count = 0; *count < run->history.views.count && !error; ++*count) {
		error = interrupted() ? -EINTR : history__read(&run->history, *count, &view);
		if (!error)
			error = recorder__write(recorder, &view);
	}
	view__free(&view);
	return error;
}

static void write_kept(struct top_run *run)
{
	struct recording_info info = *run->input->info;
	struct recorder *recorder = NULL;
	size_t count = 0;
	int error;

	info.option = "w";
	info.host = run->views[run->latest].host.name;
	info.boot_id = run->views[run->latest].host.boot_id;
	error = recorder__open(&recorder, run->top->wishes.path, &info);
	if (!error)
		error = write_moments(run, recorder, &count);
	recorder__close(recorder);
	if (error)
		top__say(run->top, "%s", log_kept());
	else
		top__say(run->top, "%zu moments written to '%s'", count, run->top->wishes.path);
}

static void set_timer(const struct top_run *run, uint64_t interval_ns)
{
	struct timespec interval = { .tv_sec = (time_t)(interval_ns / NSEC_PER_SEC),
				     .tv_nsec = (long)(interval_ns % NSEC_PER_SEC) };
	struct itimerspec timer = { .it_interval = interval, .it_value = interval };

	if (run__has_pace(run))
		run->input->live->pace(run->source, interval_ns);
	else
		timerfd_settime(run->timer_fd, 0, &timer, NULL);
}

static int grant_time(struct top_run *run, const struct wishes *wishes)
{
	int error = 0;

	if (wishes->follow_changed)
		error = change_follow(run);
	if (!error && wishes->go && (!run->top->time.follow || run->top->time.is_recording))
		error = run__show(run, moments__find(&run->moments, wishes->go_ns));
	if (!error && wishes->steps)
		error = run__show(run, moments__step(&run->moments, run->place, wishes->steps));
	return error;
}

int run__grant(struct top_run *run)
{
	struct wishes wishes = run->top->wishes;
	int error = grant_time(run, &wishes);

	if (wishes.interval_ns)
		set_timer(run, wishes.interval_ns);
	if (wishes.write)
		write_kept(run);
	run->anew |= wishes.redraw;
	run->stop |= wishes.quit;
	run->top->wishes = (struct wishes){ .steps = 0 };
	return error;
}
