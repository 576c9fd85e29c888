// SPDX-License-Identifier: GPL-2.0-only
#include "top/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/privileges.h"
#include "base/units.h"
#include "source/recorded.h"
#include "top/curses.h"
#include "top/keys.h"
#include "top/run_internal.h"
#include "top/settings.h"

#define POLL_MS 50

enum { KEYS, TIMER, SIGNALS, SOURCE, FDS };

/* Those of a terminal, beside the three that end a tool. */
static void wanted_signals(sigset_t *signals)
{
	interrupt__signals(signals);
	sigaddset(signals, SIGWINCH);
	sigaddset(signals, SIGTSTP);
	sigaddset(signals, SIGCONT);
}

static void block_signals(void)
{
	sigset_t signals;

	interrupt__begin(false);
	wanted_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

static void measure_terminal(struct top_run *run)
{
	terminal__size(&run->top->rows, &run->top->columns);
	for (size_t i = 0; i < run->top->screen_count; i++)
		memset(run->top->states[i].widths, 0, sizeof(run->top->states[i].widths));
	run->is_changed = run->anew = true;
}

static void handle_signals(struct top_run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTSTP:
			terminal__suspend();
			measure_terminal(run);
			break;
		case SIGWINCH:
		case SIGCONT:
			measure_terminal(run);
			break;
		default:
			interrupt__taken();
			run->stop = true;
		}
	}
}

static int handle_keys(struct top_run *run)
{
	int key, error = 0;

	while (!error && !run->stop && (key = terminal__key())) {
		top__press(run->top, key);
		run->is_changed = true;
		error = run->top->error ? run->top->error : run__grant(run);
	}
	return error;
}

/* A recording goes on by itself, too, and may still be written. */
static int play(struct top_run *run)
{
	size_t next;
	int error = moments__look(&run->moments);

	if (error || !run->top->time.follow)
		return error;
	next = moments__step(&run->moments, run->place, 1);
	if (next == run->place)
		return 0;
	run->shown++;
	return run__show(run, next);
}

static int handle_interval(struct top_run *run)
{
	uint64_t expirations;
	int error;

	if (read(run->timer_fd, &expirations, sizeof(expirations)) != sizeof(expirations))
		return 0;
	error = run->source ? live__read(run) : play(run);
	run->stop |= run->input->options->count && run->shown >= run->input->options->count;
	return error;
}

static void tell_time(struct top_run *run)
{
	size_t count = moments__count(&run->moments);

	run->top->time.behind_ns = 0;
	if (run->place && count)
		run->top->time.behind_ns = moments__time(&run->moments, count - 1) -
					   moments__time(&run->moments, run->place);
}

static int draw(struct top_run *run)
{
	const char *said = terminal__said();
	int error;

	if (*said)
		top__say(run->top, "%s", said);
	if (!run->is_changed && !*said)
		return 0;
	tell_time(run);
	error = run__feed(run);
	if (!error)
		error = top__draw(run->top, &run->page);
	if (!error)
		terminal__draw(&run->page, run->anew);
	run->is_changed = run->anew = false;
	return error;
}

static int wait_and_handle(struct top_run *run, struct pollfd *fds, int timeout_ms)
{
	int ready = poll(fds, FDS, timeout_ms), error = 0;
	const char *before;

	if (ready < 0)
		return errno == EINTR ? 0 : -errno;
	before = interrupt__guard("reading and drawing");
	if (fds[SIGNALS].revents)
		handle_signals(run);
	if (run->source && (!ready || fds[SOURCE].revents))
		error = live__poll(run);
	if (!error && !run->stop && fds[TIMER].revents)
		error = handle_interval(run);
	if (!error && fds[KEYS].revents & POLLIN)
		error = handle_keys(run);
	if (!error && run->source && !run->stop)
		error = live__attend(run);
	if (fds[KEYS].revents & (POLLHUP | POLLERR | POLLNVAL))
		run->stop = true; /* the terminal has gone */
	if (!error && !run->stop)
		error = draw(run);
	interrupt__guard(before);
	return error;
}

static int loop(struct top_run *run)
{
	const struct source_ops *ops = run->input->live;
	const struct options *options = run->input->options;
	bool polls = run->source && ops->is_silent && ops->is_silent(options);
	struct pollfd fds[FDS] = {
		[KEYS] = { STDIN_FILENO, POLLIN, 0 },
		[TIMER] = { run->timer_fd, POLLIN, 0 },
		[SIGNALS] = { run->signal_fd, POLLIN, 0 },
		[SOURCE] = { run->source && ops->fd ? ops->fd(run->source) : -1, POLLIN, 0 },
	};
	int error;

	measure_terminal(run);
	error = draw(run);
	while (!error && !run->stop)
		error = wait_and_handle(run, fds, polls ? POLL_MS : -1);
	return error;
}

static int open_fds(struct top_run *run)
{
	sigset_t signals;

	wanted_signals(&signals);
	run->timer_fd = run__has_pace(run)
				? run->input->live->pace(run->source, run->top->time.interval_ns)
				: timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	run->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->timer_fd >= 0 && run->signal_fd >= 0)
		return 0;
	log_error("timer and signals: %s", strerror(errno));
	return -EMFILE;
}

/* From the interval that was asked for, or that of the settings, on. */
static int show(struct top_run *run)
{
	struct top *top = run->top;
	int error;

	top->time.interval_ns = run->input->options->interval_ns;
	top->wishes.interval_ns = top->time.interval_ns;
	if (open_fds(run) || terminal__open())
		return STATUS_FAILED;
	top->utf8 = terminal__is_utf8();
	log_keep_errors(true);
	error = run__grant(run);
	if (!error)
		error = loop(run);
	log_keep_errors(false);
	terminal__close();
	if (error && log_has_error())
		log_error("%s", log_kept());
	else if (error)
		log_error("showing: %s: %s", strerror(-error), remedy(error, "show fewer VMs"));
	return error ? STATUS_FAILED : STATUS_DONE;
}

static int open_recording(struct top_run *run)
{
	const struct options *options = run->input->options;
	struct recording_info info = *run->input->info;
	int error;

	info.option = "--from";
	for (int i = 0; i < MOMENT_READERS; i++)
		if (recording__open(&run->moments.recordings[i], options->from, &info))
			return STATUS_FAILED;
	/* A stranger may have written it. */
	if (privileges_drop_all())
		return STATUS_FAILED;
	for (int i = 0; i < MOMENT_READERS && options->incident; i++)
		if (recording__choose(run->moments.recordings[i], (int64_t)options->incident))
			return STATUS_FAILED;
	error = recorded__check(run->moments.recordings[0], options);
	if (error)
		return error == -ENOENT ? STATUS_HOST : STATUS_FAILED;
	run->moments.options = options;
	run->moments.since_ns = options->since ? options->since_ns : 0;
	run->moments.until_ns = options->until_ns;
	error = moments__look(&run->moments);
	if (error)
		return STATUS_FAILED;
	run->place = moments__find(&run->moments, options->since ? 0 : UINT64_MAX);
	if (!run->place) {
		log_error("--from: '%s': no interval in it%s: see 'sqlite3 FILE \"SELECT * FROM "
			  "runs\"'",
			  options->from, options->since || options->until ? " at that time" : "");
		return STATUS_FAILED;
	}
	return run__show(run, run->place) ? STATUS_FAILED : STATUS_DONE;
}

struct settings_file {
	char *path;
	int fd; /* -1: they are not to be written */
};

/* Settings that cannot be read, or will not be written, are said, and left alone. */
static void open_settings(struct settings_file *settings, struct top *top)
{
	char *path = settings__path();
	int error = path ? settings__read(top, path) : 0;

	*settings = (struct settings_file){ path, -1 };
	if (path && !error) {
		settings->fd = settings__hold(path);
		error = settings->fd < 0;
	}
	if (error)
		top__say(top, "%s", log_kept());
}

static void close_settings(const struct settings_file *settings, const struct top *top, int status)
{
	if (settings->fd >= 0 && top->changed && !status)
		settings__write(top, settings->fd, settings->path);
	else if (settings->fd >= 0)
		close(settings->fd);
	free(settings->path);
}

int top__run(struct top *top, const struct top_input *input)
{
	struct top_run run = { .top = top, .input = input, .timer_fd = -1, .signal_fd = -1 };
	struct settings_file settings;
	int status;

	open_settings(&settings, top);
	block_signals();
	top->utc = input->options->utc;
	top->time.is_recording = input->options->from;
	top->time.follow = !top->time.is_recording;
	status = top->time.is_recording ? open_recording(&run) : live__open(&run);
	if (!status && !run.stop)
		status = show(&run);
	close_settings(&settings, top, status);
	moments__free(&run.moments);
	live__close(&run);
	page__free(&run.page);
	return status;
}
