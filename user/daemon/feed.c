// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/feed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/units.h"
#include "daemon/feed_internal.h"

#define EVENTS_MAX 64 /* looked at in one call; epoll takes turns among those that are ready */

#define RESUME_NS (100 * NSEC_PER_MSEC) /* the listener */
#define LOOK_NS NSEC_PER_SEC		/* at who is behind */

#define HELD_MOMENTS 3 /* that clients may be in the middle of in any case */

static int fail(int error)
{
	log_error("--socket: a view for the clients: %s: %s", strerror(-error),
		  error == -E2BIG ? "watch fewer VMs" : remedy(error, "start it again"));
	return error;
}

int feed__write_latest(struct feed *feed)
{
	int error;

	if (feed->latest || !feed->view)
		return 0;
	error = wire_writer__moment(feed->writer, feed->view, &feed->latest);
	if (error)
		return fail(error);
	feed->held += feed->latest->size;
	return 0;
}

static void forget_latest(struct feed *feed)
{
	size_t size = feed->latest ? feed->latest->size : 0;

	if (!wire_frame__release(feed->latest))
		feed->held -= size;
	feed->latest = NULL;
}

static bool is_any_behind(const struct feed *feed)
{
	for (uint32_t i = 0; i < feed->client_count; i++)
		if (feed_client_behind(feed->clients[i]))
			return true;
	return false;
}

/* While there is something that only time will end. */
static void arm(struct feed *feed)
{
	uint64_t ns = feed->listener_paused ? RESUME_NS : is_any_behind(feed) ? LOOK_NS : 0;
	const struct itimerspec timer = { .it_value = { (time_t)(ns / NSEC_PER_SEC),
							(long)(ns % NSEC_PER_SEC) } };

	if (!ns || (feed->timer_ns && feed->timer_ns <= ns))
		return;
	if (!timerfd_settime(feed->timer, 0, &timer, NULL))
		feed->timer_ns = ns;
}

/* From the last one on: an end puts the last one into the place of the one that ends. */
static void drop_late(struct feed *feed)
{
	uint64_t now = clock_monotonic_ns();

	for (uint32_t i = feed->client_count; i--;) {
		struct feed_client *client = feed->clients[i];

		if (feed_client_behind(client) && now - client->since_ns > feed->patience_ns)
			feed_client__end(client, true);
	}
}

static int watch(const struct feed *feed, int fd, const void *who)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = (void *)who };

	return epoll_ctl(feed->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static void look(struct feed *feed)
{
	uint64_t expirations;

	if (read(feed->timer, &expirations, sizeof(expirations)) < 0)
		return;
	feed->timer_ns = 0;
	if (feed->listener_paused && !watch(feed, feed->listener, &feed->listener))
		feed->listener_paused = false;
	drop_late(feed);
}

int feed__run(struct feed *feed)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(feed->epoll, events, EVENTS_MAX, 0), error = -errno;

	if (count < 0 && error != -EINTR) {
		log_error("--socket: waiting: %s: start it again", strerror(-error));
		return error;
	}
	/* The timer may end a client of which something else is said further on: it is last. */
	for (int i = 0; i < count; i++) {
		void *who = events[i].data.ptr;

		if (who == &feed->listener)
			feed__accept(feed);
		else if (who != &feed->timer)
			feed_client__handle(who, events[i].events);
	}
	look(feed);
	arm(feed);
	return 0;
}

/* The client that has been in the middle of a moment for longest, but not of the latest one. */
static struct feed_client *find_slowest(const struct feed *feed)
{
	struct feed_client *slowest = NULL;

	for (uint32_t i = 0; i < feed->client_count; i++) {
		struct feed_client *client = feed->clients[i];

		if (!client->sending || client->sending == feed->tables ||
		    client->sending == feed->latest)
			continue;
		if (!slowest || client->since_ns < slowest->since_ns)
			slowest = client;
	}
	return slowest;
}

static void limit_held(struct feed *feed)
{
	size_t most = HELD_MOMENTS * feed->latest->size;
	struct feed_client *slowest;

	most = most > FEED_HELD_BYTES ? most : FEED_HELD_BYTES;
	while (feed->held > most && (slowest = find_slowest(feed)))
		feed_client__end(slowest, true);
}

static bool has_greeted(const struct feed *feed)
{
	for (uint32_t i = 0; i < feed->client_count; i++)
		if (feed_client_greeted(feed->clients[i]))
			return true;
	return false;
}

int feed__send(struct feed *feed, const struct view *view)
{
	int error;

	forget_latest(feed);
	feed->view = view;
	if (!has_greeted(feed))
		return 0;
	error = feed__write_latest(feed);
	if (error)
		return error;
	for (uint32_t i = feed->client_count; i--;)
		if (feed_client_greeted(feed->clients[i]))
			feed_client__give(feed->clients[i], feed->latest);
	limit_held(feed);
	arm(feed);
	return 0;
}

void feed__state(const struct feed *feed, struct feed_state *state)
{
	*state = feed->state;
	state->clients = feed->client_count;
	for (uint32_t i = 0; i < feed->client_count; i++)
		state->behind += feed_client_behind(feed->clients[i]);
}

int feed__fd(const struct feed *feed)
{
	return feed->epoll;
}

static int write_tables(struct feed *feed, const struct recording_info *info)
{
	struct wire_about about = { .interval_ns = info->interval_ns };
	int error = wire_writer__open(&feed->writer, info->sets, info->set_count);

	snprintf(about.version, sizeof(about.version), "%s", info->version);
	snprintf(about.boot_id, sizeof(about.boot_id), "%s", info->boot_id);
	snprintf(about.host, sizeof(about.host), "%s", info->host);
	if (!error)
		error = wire_writer__tables(feed->writer, &about, &feed->tables);
	return error ? fail(error) : 0;
}

static int open_fds(struct feed *feed)
{
	int error = 0;

	feed->epoll = epoll_create1(EPOLL_CLOEXEC);
	feed->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (feed->epoll < 0 || feed->timer < 0)
		error = -errno;
	if (!error)
		error = watch(feed, feed->listener, &feed->listener);
	if (!error)
		error = watch(feed, feed->timer, &feed->timer);
	return error ? fail(error) : 0;
}

int feed__open(struct feed **result, const char *path, const char *group,
	       const struct recording_info *info)
{
	struct feed *feed = calloc(1, sizeof(*feed));
	int error;

	if (!feed)
		return fail(-ENOMEM);
	feed->epoll = feed->timer = feed->listener = -1;
	feed->patience_ns = FEED_PATIENCE_NS;
	snprintf(feed->path, sizeof(feed->path), "%s", path);
	error = write_tables(feed, info);
	if (!error) {
		feed->listener = feed__listen(path, group);
		error = feed->listener < 0 ? feed->listener : open_fds(feed);
	}
	if (error) {
		feed__close(feed);
		return error;
	}
	*result = feed;
	return 0;
}

void feed__close(struct feed *feed)
{
	if (!feed)
		return;
	while (feed->client_count)
		feed_client__end(feed->clients[0], false);
	/* Who has given up his privileges may not: it goes with its folder, or is replaced. */
	if (feed->listener >= 0 && !unlink(feed->path))
		log_detail("--socket: '%s': removed", feed->path);
	if (feed->listener >= 0)
		close(feed->listener);
	if (feed->timer >= 0)
		close(feed->timer);
	if (feed->epoll >= 0)
		close(feed->epoll);
	wire_frame__release(feed->latest);
	wire_frame__release(feed->tables);
	wire_writer__close(feed->writer);
	free(feed);
}
