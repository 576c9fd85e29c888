// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/daemon_run.h"

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
#include "base/version.h"
#include "cmd/daemon_internal.h"
#include "model/view_sets.h"
#include "source/all_source.h"

#define SERVED_SHARE 0.25 /* of the budget: for what each kind of clients asks for */
#define STATUS_TICKS 10	  /* seconds between two reports to the service manager */

/* Where memory is moves slowly, and to read it costs more than all else of a VM. */
#define RESIDENCY_NS (60 * NSEC_PER_SEC)
#define RESIDENCY_MAX_NS (600 * NSEC_PER_SEC)
#define RESIDENCY_BUDGET_ALL 20000 /* of a CPU, one part in so many: 0.005 % */

/* Which disks a VM has, if it has neither opened nor closed a file: the same. */
#define DISKS_NS (60 * NSEC_PER_SEC)

/* SIGHUP is blocked before any thread is there that it could end. */
static void block_signals(void)
{
	sigset_t hangup;

	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hangup, NULL);
	interrupt__spare_hangup();
	interrupt__begin(false);
}

static int open_signals(void)
{
	sigset_t signals;

	interrupt__signals(&signals);
	sigaddset(&signals, SIGHUP);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_timer(uint64_t interval_ns)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0)
		daemon__set_timer(fd, interval_ns);
	return fd;
}

void daemon__set_timer(int fd, uint64_t interval_ns)
{
	struct timespec interval = { .tv_sec = (time_t)(interval_ns / NSEC_PER_SEC),
				     .tv_nsec = (long)(interval_ns % NSEC_PER_SEC) };
	struct itimerspec timer = { .it_interval = interval, .it_value = interval };

	timerfd_settime(fd, 0, &timer, NULL);
}

static bool is_over(int fd)
{
	uint64_t expirations;

	return read(fd, &expirations, sizeof(expirations)) == sizeof(expirations);
}

static void handle_signals(struct daemon *daemon)
{
	struct signalfd_siginfo info;

	while (read(daemon->fds[SIGNALS], &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			daemon__reload(daemon);
			continue;
		}
		interrupt__taken();
		daemon->stop = true;
	}
}

/* The watchdog wants to hear of the loop, which is here. */
static void handle_tick(struct daemon *daemon)
{
	daemon__keep_to_budget(daemon);
	if (daemon->notify.watchdog_ns)
		notify__send(&daemon->notify, "WATCHDOG=1");
	if (++daemon->ticks % STATUS_TICKS == 0)
		daemon__tell_status(daemon);
}

static void poll_source(struct daemon *daemon)
{
	int error = all_source.poll(daemon->source);

	if (error && error != -EINTR) {
		daemon->status = STATUS_FAILED;
		daemon->stop = true;
	}
}

/*
 * Whoever asks for a lot waits for it, up to the next tick, and neither the budget nor others pay
 * for that.
 */
static bool is_served(struct daemon *daemon, int which)
{
	double budget = (double)daemon->settings.budget_mpct * (double)NSEC_PER_SEC / 100000.0;

	return (which != FEED && which != WEB) ||
	       allowance__has(&daemon->allowances[which], clock_monotonic_ns(),
			      SERVED_SHARE * budget);
}

static void serve(struct daemon *daemon, int which, void (*run)(struct daemon *daemon))
{
	uint64_t begin = clock_thread_cpu_ns();

	run(daemon);
	allowance__spend(&daemon->allowances[which], clock_thread_cpu_ns() - begin);
}

static void wait_and_handle(struct daemon *daemon)
{
	struct pollfd fds[FDS];
	const char *before;

	for (int i = 0; i < FDS; i++)
		fds[i] = (struct pollfd){ .fd = is_served(daemon, i) ? daemon->fds[i] : -1,
					  .events = POLLIN };
	if (poll(fds, FDS, -1) < 0)
		return;
	before = interrupt__guard("taking a view");
	if (fds[SIGNALS].revents)
		handle_signals(daemon);
	if (!daemon->stop && fds[SOURCE].revents)
		poll_source(daemon);
	if (!daemon->stop && fds[VIEW].revents && is_over(daemon->fds[VIEW]))
		daemon__take_view(daemon);
	if (!daemon->stop && fds[FEED].revents)
		serve(daemon, FEED, daemon__run_feed);
	if (!daemon->stop && fds[WEB].revents)
		serve(daemon, WEB, daemon__run_web);
	if (!daemon->stop && fds[TICK].revents && is_over(daemon->fds[TICK]))
		handle_tick(daemon);
	interrupt__guard(before);
}

static int open_fds(struct daemon *daemon)
{
	daemon->fds[SIGNALS] = open_signals();
	daemon->fds[TICK] = open_timer(NSEC_PER_SEC);
	daemon->fds[VIEW] = open_timer(daemon->settings.interval_ns);
	daemon->fds[SOURCE] = all_source.fd(daemon->source);
	daemon->fds[FEED] = daemon->feed ? feed__fd(daemon->feed) : -1;
	daemon->fds[WEB] = daemon->web ? web__fd(daemon->web) : -1;
	if (daemon->fds[SIGNALS] >= 0 && daemon->fds[TICK] >= 0 && daemon->fds[VIEW] >= 0)
		return 0;
	log_error("timers and signals: %s: raise the limit of open files", strerror(errno));
	return -EMFILE;
}

/* Each tool finds in a view what it would look at itself. */
static struct options source_options(const struct daemon_settings *settings)
{
	unsigned int parts = (settings->exits ? PART_EXITS : 0) | (settings->numa ? PART_NUMA : 0) |
			     (settings->block ? PART_IO : 0);

	return (struct options){ .interval_ns = settings->interval_ns,
				 .until_ns = UINT64_MAX,
				 .cpu = { .blame = settings->blame, .overlap = settings->overlap },
				 .numa = { .least_ns = RESIDENCY_NS,
					   .most_ns = RESIDENCY_MAX_NS,
					   .budget = RESIDENCY_BUDGET_ALL },
				 .io = { .rest_ns = DISKS_NS },
				 .detached = PARTS_ALL & ~parts };
}

static void drop_event(void *context, const void *event)
{
	(void)context;
	(void)event;
}

static const struct event_sink no_events = { drop_event, NULL };

static int open_source(struct daemon *daemon)
{
	int error = source__open(&all_source, daemon->source, &daemon->options, &no_events);

	if (!error)
		return STATUS_DONE;
	daemon->stop = error == -EINTR;
	if (!daemon->stop && !log_has_error())
		log_error("starting: %s: %s", strerror(-error), remedy(error, "start again"));
	return daemon->stop ? STATUS_DONE : STATUS_HOST;
}

static int open_keeper(struct daemon *daemon)
{
	const struct daemon_settings *settings = &daemon->settings;
	const struct host *host = all_source.host(daemon->source);
	struct recording_info info = { .option = "recording",
				       .tool = "kvmqd",
				       .version = KVMQ_VERSION,
				       .boot_id = host->boot_id,
				       .host = host->name,
				       .interval_ns = settings->interval_ns,
				       .sets = all_sets };

	while (all_sets[info.set_count])
		info.set_count++;
	if (!*settings->recording)
		return 0;
	return keeper__open(&daemon->keeper, settings->recording, settings->tiers,
			    settings->max_bytes, &info);
}

/* What takes privileges comes first; then they go. An exit status. */
static int open_all(struct daemon *daemon)
{
	bool records = *daemon->settings.recording;
	const struct privileges_kept kept = {
		.needs = all_source.needs(&daemon->options) | PRIVILEGE_ATTACH |
			 (*daemon->settings.socket || *daemon->settings.listen ? PRIVILEGE_SERVE
									       : 0) |
			 (*daemon->settings.textfile ? PRIVILEGE_REPLACE : 0) |
			 (records && geteuid() ? PRIVILEGE_RECORD : 0),
		.records = records
	};
	int status;

	if (notify__open(&daemon->notify))
		return STATUS_FAILED;
	status = open_source(daemon);
	if (status || daemon->stop)
		return status;
	if (daemon__open_rules(daemon) || open_keeper(daemon) || daemon__open_feed(daemon) ||
	    daemon__open_metrics(daemon))
		return STATUS_FAILED;
	if (privileges_drop(&kept))
		return STATUS_HOST;
	return all_source.start(daemon->source) || open_fds(daemon) ? STATUS_FAILED : STATUS_DONE;
}

static int loop(struct daemon *daemon)
{
	const char *before = interrupt__guard("taking a view");
	char budget[SETTING_TEXT_SIZE];

	daemon__say_why(daemon);
	daemon__take_view(daemon);
	interrupt__guard(before);
	if (!daemon->views_read)
		return STATUS_FAILED;
	daemon__begin_budget(daemon);
	daemon_setting__write(daemon_setting__find("budget"), &daemon->settings, budget);
	log_notice("version %s has started: budget %s of one CPU, recording '%s'", KVMQ_VERSION,
		   budget, *daemon->settings.recording ? daemon->settings.recording : "off");
	notify__send(&daemon->notify, "READY=1");
	daemon__tell_status(daemon);
	while (!daemon->stop)
		wait_and_handle(daemon);
	notify__send(&daemon->notify, "STOPPING=1");
	return daemon->status;
}

static void close_all(struct daemon *daemon)
{
	all_source.close(daemon->source);
	daemon__close_flight(daemon);
	keeper__close(daemon->keeper);
	feed__close(daemon->feed);
	daemon__close_metrics(daemon);
	for (int i = 0; i < SOURCE; i++)
		if (daemon->fds[i] >= 0)
			close(daemon->fds[i]);
	notify__close(&daemon->notify);
	view__free(&daemon->views[0]);
	view__free(&daemon->views[1]);
	free(daemon->source);
}

int daemon__run(const struct daemon_arguments *arguments, const struct daemon_settings *settings)
{
	static struct daemon daemon = { .fds = { -1, -1, -1, -1, -1, -1 } };
	int status;

	daemon.arguments = arguments;
	daemon.settings = *settings;
	daemon.options = source_options(settings);
	daemon.parts = PARTS_ALL & ~daemon.options.detached;
	daemon.source = calloc(1, all_source.size);
	if (!daemon.source) {
		log_error("starting: %s", remedy(ENOMEM, NULL));
		return STATUS_FAILED;
	}
	block_signals();
	status = open_all(&daemon);
	if (!status && !daemon.stop)
		status = loop(&daemon);
	close_all(&daemon);
	privileges_tell_refused();
	return status;
}
