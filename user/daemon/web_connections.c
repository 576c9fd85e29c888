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

/* The one to go, of a peer or of all (NULL). */
static struct web_connection *find_oldest(struct web_connections *connections,
					  const struct web_peer *peer)
{
	struct web_connection *oldest = NULL;

	for (int i = 0; i < PLACES; i++) {
		struct web_connection *one = &connections->list[i];

		if (one->fd < 0 || one->ended || (peer && !same_peer(one->peer, *peer)))
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

struct web_connection *web_connections__add(struct web_connections *connections, int fd,
					    struct web_peer peer, uint64_t now_ns)
{
	if (count_of(connections, peer) >= WEB_PER_ADDRESS)
		end(connections, find_oldest(connections, &peer));
	else if (connections->count >= WEB_CONNECTIONS)
		end(connections, find_oldest(connections, NULL));
	for (int i = 0; i < PLACES; i++) {
		struct web_connection *one = &connections->list[i];

		if (one->fd >= 0)
			continue;
		*one = (struct web_connection){ .fd = fd, .peer = peer, .begin_ns = now_ns };
		connections->count++;
		return one;
	}
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
		uint64_t since = one->answered_ns ? one->answered_ns : one->begin_ns;

		if (one->fd >= 0 && !one->ended &&
		    now_ns - since > (one->answered_ns ? WEB_ANSWER_NS : WEB_REQUEST_NS))
			end(connections, one);
	}
}
