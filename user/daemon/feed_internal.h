/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_FEED_INTERNAL_H
#define KVMQ_FEED_INTERNAL_H

#include <sys/types.h>

#include "daemon/feed.h"
#include "wire/writer.h"

#define FEED_PATH_SIZE 108 /* sun_path */

struct feed_client {
	struct feed *feed;
	int fd;
	uid_t uid;
	size_t greeting;		   /* bytes of its hello that have come */
	struct wire_frame *sending, *next; /* or NULL */
	size_t sent;			   /* bytes of sending */
	uint64_t since_ns;		   /* it was to send its hello, or take sending, since */
	bool waits;			   /* until there is room for more */
};

struct feed {
	int epoll, listener, timer;
	uint64_t timer_ns; /* that it was set to; 0: it is not */
	bool listener_paused;
	char path[FEED_PATH_SIZE];
	uint64_t patience_ns; /* FEED_PATIENCE_NS */
	uint64_t window_ns;   /* in which connections are counted */
	unsigned int window_accepts;
	struct wire_writer *writer;
	const struct view *view;   /* of the latest moment; NULL: there is none yet */
	struct wire_frame *tables; /* what each client gets first */
	struct wire_frame *latest; /* written when it is first needed; or NULL */
	size_t held;		   /* bytes of all moments that somebody holds */
	struct feed_client *clients[FEED_CLIENTS_MAX];
	uint32_t client_count;
	struct feed_state state; /* its counters */
};

/* The listening socket: a descriptor, or -errno after one line. */
int feed__listen(const char *path, const char *group);

/* The latest moment as a frame, which is the feed's: 0 or -errno after one line. */
int feed__write_latest(struct feed *feed);

/* Accepts who waits, as many as are looked at in one window. */
void feed__accept(struct feed *feed);

static inline bool feed_client_greeted(const struct feed_client *client)
{
	return client->greeting == WIRE_HELLO_SIZE;
}

static inline bool feed_client_behind(const struct feed_client *client)
{
	return client->sending || !feed_client_greeted(client);
}

/* Sends it a moment, or keeps that as the next one. The client may be gone afterwards. */
void feed_client__give(struct feed_client *client, struct wire_frame *frame);

/* What epoll has said of it. The client may be gone afterwards. */
void feed_client__handle(struct feed_client *client, uint32_t events);

/* Ends it, and counts it if the feed has done so. */
void feed_client__end(struct feed_client *client, bool dropped);

#endif
