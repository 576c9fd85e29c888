/* SPDX-License-Identifier: GPL-2.0-only */
/* The connections of a server: who may stay. They are ended by shutdown(), whoever owns them. */
#ifndef KVMQ_WEB_CONNECTIONS_H
#define KVMQ_WEB_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define WEB_CONNECTIONS 64
#define WEB_PER_ADDRESS 16
#define WEB_REQUEST_NS 5000000000ULL /* until the request is there */
#define WEB_ANSWER_NS 15000000000ULL /* until the answer is read */

/* An IPv4 address, or the upper half of an IPv6 address, which one host has; 0: a path's. */
struct web_peer {
	uint64_t address;
	uint16_t family;
};

struct web_connection {
	int fd; /* -1: the place is free */
	struct web_peer peer;
	uint64_t turn;	      /* the server's, in which it came */
	uint64_t begin_ns;    /* CLOCK_MONOTONIC */
	uint64_t answered_ns; /* since when it is answered; 0: it has not asked yet */
	bool ended;	      /* it was told to go */
};

struct web_connections {
	/* Twice as many places: those that were told to go are still there for a moment. */
	struct web_connection list[2 * WEB_CONNECTIONS];
	uint32_t count;	  /* that were not told to go */
	uint64_t dropped; /* that were */
	uint64_t turn;	  /* how often the server has looked at them: it counts */
};

void web_connections__init(struct web_connections *connections);

struct web_peer web_peer__of(const struct sockaddr *address);

/*
 * A connection has come, now_ns: its place, which stays; NULL: there is none, and it is ended. The
 * oldest of its address, or of all, goes if there are too many: first one that has not asked for
 * anything yet, and none that came in this turn or the one before, whose request may be there and
 * not read yet.
 */
struct web_connection *web_connections__add(struct web_connections *connections, int fd,
					    struct web_peer peer, uint64_t now_ns);
void web_connections__remove(struct web_connections *connections,
			     struct web_connection *connection);

/* Ends those that take too long; after a turn, which has read what was there at now_ns. */
void web_connections__expire(struct web_connections *connections, uint64_t now_ns);

#endif
