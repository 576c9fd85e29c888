// SPDX-License-Identifier: GPL-2.0-only
/* One who is connected, who may send or read whatever he wants, or nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/units.h"
#include "daemon/feed_internal.h"

#define WINDOW_NS (100 * NSEC_PER_MSEC)
#define WINDOW_ACCEPTS 16 /* so that a flood takes no more than some 0.5 % of a CPU */

/* What the kernel may keep for a client that does not read. */
#define SOCKET_BYTES (64 << 10)

/* What nobody holds any more is a moment: the feed holds the tables. */
static void release(struct feed *feed, struct wire_frame **frame)
{
	size_t size = *frame ? (*frame)->size : 0;

	if (!wire_frame__release(*frame))
		feed->held -= size;
	*frame = NULL;
}

void feed_client__end(struct feed_client *client, bool dropped)
{
	struct feed *feed = client->feed;

	feed->state.dropped += dropped;
	for (uint32_t i = 0; i < feed->client_count; i++)
		if (feed->clients[i] == client)
			feed->clients[i] = feed->clients[--feed->client_count];
	release(feed, &client->sending);
	release(feed, &client->next);
	close(client->fd);
	free(client);
}

static void turn(struct feed_client *client)
{
	release(client->feed, &client->sending);
	client->sending = client->next;
	client->next = NULL;
	client->sent = 0;
	client->since_ns = clock_monotonic_ns();
}

/* Whether epoll is to say when there is room. */
static void set_waits(struct feed_client *client, bool waits)
{
	struct epoll_event event = { .events = EPOLLIN | (waits ? EPOLLOUT : 0),
				     .data.ptr = client };

	if (client->waits != waits)
		epoll_ctl(client->feed->epoll, EPOLL_CTL_MOD, client->fd, &event);
	client->waits = waits;
}

/* Sends what there is room for. */
static void push(struct feed_client *client)
{
	while (client->sending) {
		const struct wire_frame *frame = client->sending;
		ssize_t sent = send(client->fd, frame->bytes + client->sent,
				    frame->size - client->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			break;
		if (sent < 0) {
			feed_client__end(client, false);
			return;
		}
		client->sent += (size_t)sent;
		if (client->sent == frame->size)
			turn(client);
	}
	set_waits(client, client->sending);
}

void feed_client__give(struct feed_client *client, struct wire_frame *frame)
{
	if (client->sending) {
		release(client->feed, &client->next);
		client->next = wire_frame__hold(frame);
		return;
	}
	client->next = wire_frame__hold(frame);
	turn(client);
	push(client);
}

/* Without memory for the latest moment it waits for the next one. */
static void greet(struct feed_client *client)
{
	struct feed *feed = client->feed;

	client->sending = wire_frame__hold(feed->tables);
	client->since_ns = clock_monotonic_ns();
	if (!feed__write_latest(feed) && feed->latest)
		client->next = wire_frame__hold(feed->latest);
	push(client);
}

/* False: the client is gone. */
static bool receive(struct feed_client *client)
{
	char bytes[WIRE_HELLO_SIZE + 1];
	ssize_t got = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got <= 0) {
		feed_client__end(client, false);
		return false;
	}
	if ((size_t)got > WIRE_HELLO_SIZE - client->greeting ||
	    memcmp(bytes, WIRE_HELLO + client->greeting, (size_t)got) != 0) {
		feed_client__end(client, true);
		return false;
	}
	client->greeting += (size_t)got;
	if (!feed_client_greeted(client))
		return true;
	greet(client);
	return false; /* all is said of it */
}

void feed_client__handle(struct feed_client *client, uint32_t events)
{
	if (events & ~(uint32_t)EPOLLOUT && !receive(client))
		return;
	if (events & EPOLLOUT)
		push(client);
}

/* A user gets a place while he has fewer than are free. */
static bool has_place(const struct feed *feed, uid_t uid)
{
	uint32_t his = 0;

	for (uint32_t i = 0; i < feed->client_count; i++)
		his += feed->clients[i]->uid == uid;
	return his < FEED_CLIENTS_MAX - feed->client_count;
}

/* Takes the descriptor if it has a place. */
static bool admit(struct feed *feed, int fd)
{
	const int bytes = SOCKET_BYTES;
	struct ucred peer;
	socklen_t size = sizeof(peer);
	struct feed_client *client;
	struct epoll_event event = { .events = EPOLLIN };

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) || !has_place(feed, peer.uid))
		return false;
	client = calloc(1, sizeof(*client));
	if (!client)
		return false;
	*client = (struct feed_client){
		.feed = feed, .fd = fd, .uid = peer.uid, .since_ns = clock_monotonic_ns()
	};
	event.data.ptr = client;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	if (epoll_ctl(feed->epoll, EPOLL_CTL_ADD, fd, &event)) {
		free(client);
		return false;
	}
	feed->clients[feed->client_count++] = client;
	return true;
}

void feed__accept(struct feed *feed)
{
	uint64_t now = clock_monotonic_ns();

	if (now - feed->window_ns >= WINDOW_NS) {
		feed->window_ns = now;
		feed->window_accepts = 0;
	}
	while (feed->window_accepts < WINDOW_ACCEPTS) {
		int fd = accept4(feed->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && errno == EAGAIN)
			return;
		feed->window_accepts++;
		if (fd < 0)
			break; /* too many files are open: it would be ready again at once */
		if (admit(feed, fd)) {
			feed->state.accepted++;
			continue;
		}
		feed->state.refused++;
		close(fd);
	}
	epoll_ctl(feed->epoll, EPOLL_CTL_DEL, feed->listener, NULL);
	feed->listener_paused = true;
}
