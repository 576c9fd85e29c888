/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kvmqd's socket: each client gets the latest moment at once, and then each one as it comes. A
 * moment is written once, and all clients are sent the same bytes.
 *
 * Clients are strangers. A user gets a place while he has fewer than are free. A client that has
 * not taken a moment yet gets the latest one next, so that moments are left out and no queue grows.
 * One that does not take a moment within FEED_PATIENCE_NS, does not say what it is within that
 * time, or sends anything else is dropped. The moments that clients are in the middle of take no
 * more than FEED_HELD_BYTES, or three of them: whoever is behind most is dropped first.
 */
#ifndef KVMQ_FEED_H
#define KVMQ_FEED_H

#include "model/view.h"
#include "recording/info.h"

#define FEED_CLIENTS_MAX 128
#define FEED_PATIENCE_NS (30ULL * 1000000000ULL)
#define FEED_HELD_BYTES (16U << 20)

struct feed;

struct feed_state {
	uint32_t clients;
	uint32_t behind;   /* of these: have not got all yet */
	uint64_t accepted; /* so far */
	uint64_t refused;  /* there was no place for them */
	uint64_t dropped;  /* did not read, or sent what is no hello */
};

/*
 * With privileges: makes the socket, for its owner and a group, and its folder if that is not
 * there; takes the place of one that nobody serves any more. The folder must be one that nobody
 * else can write to. The sets of info stay until feed__close(). -errno after one line.
 */
int feed__open(struct feed **result, const char *path, const char *group,
	       const struct recording_info *info);

/* An epoll descriptor: when it is readable, feed__run() has something to do. */
int feed__fd(const struct feed *feed);

/* Accepts, reads and sends what is ready, and never waits. 0 or -errno after one line. */
int feed__run(struct feed *feed);

/*
 * A moment has come: 0 or -errno after one line, and then the clients lack it. The view must stay
 * as it is until the next one is sent, or the feed is closed: a client may come meanwhile.
 */
int feed__send(struct feed *feed, const struct view *view);

void feed__state(const struct feed *feed, struct feed_state *state);

/* Ends all connections, and removes the socket if it still may. Accepts NULL. */
void feed__close(struct feed *feed);

#endif
