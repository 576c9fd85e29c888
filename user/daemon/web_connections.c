// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/web_connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#define PLACES (2 * WEB_CONNECTIONS)

void web_connections__init(struct web_connections *connections)
{
	*connections = (struct web_connections){ .count = 0 };
	for (int i = 0; i < PLACES; i++)
		connections->list[i].fd = -1;
}

struct web_peer web_peer__of(const struct sockaddr *address)
{
	struct web_peer peer = { .family = AF_UNIX };

	if (!address)
		return peer;
	peer.family = address->sa_family;
	if (address->sa_family == AF_INET)
		peer.address = ((const struct sockaddr_in *)address)->sin_addr.s_addr;
	else if (address->sa_family == AF_INET6)
		memcpy(&peer.address, &((const struct sockaddr_in6 *)address)->sin6_addr,
		       sizeof(peer.address));
	return peer;
}

static bool same_peer(struct web_peer a, struct web_peer b)
{
	return a.family == b.family && a.address == b.address;
}

/* shutdown(), since who has the descriptor must close it. */
static void end(struct web_connections *connections, struct web_connection *connection)
{
	shutdown(connection->fd, SHUT_RDWR);
	connection->ended = true;
	connections->count--;
	connections->dropped++;
}

/*
 * The one to go, of a peer or of all (NULL). What is accepted in one turn is read at the end of the
 * next one: until then nobody knows whether its request is there.
 */
static struct web_connection *find_oldest(struct web_connections *connections,
					  const struct web_peer *peer)
{
	struct web_connection *oldest = NULL;

	for (int i = 0; i < PLACES; i++) {
		struct web_connection *one = &connections->list[i];

		if (one->fd < 0 || one->ended || (peer && !same_peer(one->peer, *peer)) ||
		    connections->turn - one->turn < 2)
			continue;
		if (!oldest || (!one->answered_ns && oldest->answered_ns) ||
		    (!one->answered_ns == !oldest->answered_ns && one->begin_ns < oldest->begin_ns))
			oldest = one;
	}
	return oldest;
}

static uint32_t count_of(const struct web_connections *connections, struct web_peer peer)
{
	uint32_t count = 0;

	for (int i = 0; i < PLACES; i++)
		count += connections->list[i].fd >= 0 && !connections->list[i].ended &&
			 same_peer(connections->list[i].peer, peer);
	return count;
}

/* There is room for one more of them, unless all are new. */
static void make_room(struct web_connections *connections, const struct web_peer *peer,
		      uint32_t count, uint32_t limit)
{
	struct web_connection *oldest;

	for (; count >= limit; count--) {
		oldest = find_oldest(connections, peer);
		if (!oldest)
			return;
		end(connections, oldest);
	}
}

struct web_connection *web_connections__add(struct web_connections *connections, int fd,
					    struct web_peer peer, uint64_t now_ns)
{
	make_room(connections, &peer, count_of(connections, peer), WEB_PER_ADDRESS);
	make_room(connections, NULL, connections->count, WEB_CONNECTIONS);
	for (int i = 0; i < PLACES; i++) {
		struct web_connection *one = &connections->list[i];

		if (one->fd >= 0)
			continue;
		*one = (struct web_connection){
			.fd = fd, .peer = peer, .turn = connections->turn, .begin_ns = now_ns
		};
		connections->count++;
		return one;
	}
	shutdown(fd, SHUT_RDWR);
	return NULL;
}

void web_connections__remove(struct web_connections *connections, struct web_connection *connection)
{
	connections->count -= !connection->ended;
	connection->fd = -1;
}

void web_connections__expire(struct web_connections *connections, uint64_t now_ns)
{
	for (int i = 0; i < PLACES; i++) {
		struct web_connection *one = &connections->list[i];
		uint64_t until = one->answered_ns ? one->answered_ns + WEB_ANSWER_NS
						  : one->begin_ns + WEB_REQUEST_NS;

		if (one->fd >= 0 && !one->ended && now_ns > until)
			end(connections, one);
	}
}
