// SPDX-License-Identifier: GPL-2.0-only
#include "cli/runner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/units.h"

struct loop {
	const struct options *options;
	struct command *command;
	const struct run_steps *steps;
	uint64_t reports;
	bool stop;
};

static void wanted_signals(sigset_t *signals)
{
	interrupt__signals(signals);
	sigaddset(signals, SIGCHLD);
}

void runner__prepare(const struct options *options)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	interrupt__begin(options->command);
}

static int open_timer(uint64_t interval_ns)
{
	struct timespec interval = { .tv_sec = (time_t)(interval_ns / NSEC_PER_SEC),
				     .tv_nsec = (long)(interval_ns % NSEC_PER_SEC) };
	struct itimerspec timer = { .it_interval = interval, .it_value = interval };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0)
		timerfd_settime(fd, 0, &timer, NULL);
	return fd;
}

/* A signal for the tool is passed on to its command; the command's end ends the tool. */
static void handle_signal(struct loop *loop, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			command__reap(loop->command);
			if (loop->command->ended)
				interrupt__set_command(0);
			loop->stop |= loop->command->ended;
		} else if (loop->command->pid) {
			/* The terminal sends SIGINT to both. */
			if (info.ssi_code <= 0)
				command__signal(loop->command, (int)info.ssi_signo);
		} else {
			interrupt__taken();
			loop->stop = true;
		}
	}
}

static int report(const struct run_steps *steps)
{
	const char *before = interrupt__guard("reading and showing an interval");
	int error = steps->report(steps->context);

	interrupt__guard(before);
	return error;
}

static int poll_probe(const struct run_steps *steps)
{
	const char *before = interrupt__guard("reading and showing events");
	int error = steps->poll(steps->context);

	interrupt__guard(before);
	return error;
}

static int handle_interval(struct loop *loop, int fd)
{
	uint64_t expirations;

	if (read(fd, &expirations, sizeof(expirations)) != sizeof(expirations))
		return 0;
	/* Without an interval of its own, a command is one interval. */
	if (loop->command->pid && !loop->options->interval_given)
		return 0;
	loop->reports++;
	if (loop->options->count && loop->reports == loop->options->count && !loop->command->pid)
		return 1;
	return report(loop->steps);
}

static int wait_and_handle(struct loop *loop, struct pollfd *fds)
{
	int ready = poll(fds, 4, loop->steps->poll_ms), error = 0;

	if (ready < 0)
		return errno == EINTR ? 0 : -errno;
	if (!ready || fds[0].revents)
		error = poll_probe(loop->steps);
	if (!error && fds[1].revents)
		error = handle_interval(loop, fds[1].fd);
	if (!error && fds[2].revents)
		handle_signal(loop, fds[2].fd);
	if (error < 0 && !output_is_unread())
		return error;
	if (error < 0 || fds[3].revents) {
		/* If nobody reads, nothing is left to do but to wait for a command. */
		fds[3].fd = -1;
		error = !loop->command->pid;
	}
	loop->stop |= error > 0;
	return 0;
}

int runner__run(const struct options *options, struct command *command, int probe_fd,
		const struct run_steps *steps)
{
	struct loop loop = { .options = options, .command = command, .steps = steps };
	struct pollfd fds[4] = { { .fd = probe_fd, .events = POLLIN },
				 { .events = POLLIN },
				 { .events = POLLIN },
				 { .fd = steps->silent ? -1 : STDOUT_FILENO } };
	sigset_t signals;
	int error = 0;

	wanted_signals(&signals);
	fds[1].fd = steps->timer_fd ? *steps->timer_fd : open_timer(options->interval_ns);
	fds[2].fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fds[1].fd < 0 || fds[2].fd < 0) {
		error = -errno;
		log_error("timer and signals: %s", strerror(-error));
		return STATUS_FAILED;
	}
	command__start(command);
	interrupt__set_command(command->pid);
	while (!loop.stop && !error)
		error = wait_and_handle(&loop, fds);
	if (!error)
		error = report(steps);
	interrupt__set_command(0);
	if (!steps->timer_fd)
		close(fds[1].fd);
	close(fds[2].fd);
	if (error && !output_is_unread())
		return STATUS_FAILED;
	return command->ended ? command->status : STATUS_DONE;
}
