// SPDX-License-Identifier: GPL-2.0-only
/* Which format a client asks for, and which connections may stay. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

#include "daemon/web.h"
#include "daemon/web_connections.h"

#define SECOND 1000000000ULL

static void expect_format(const char *accept, enum exposition_format wanted)
{
	if (web__accepted(accept) != wanted)
		fail_msg("'%s' is taken for format %d", accept ? accept : "(none)",
			 web__accepted(accept));
}

static void test_accept(void **state)
{
	(void)state;
	/* Prometheus 2.42 and 3.x, curl, browsers. */
	expect_format("application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
		      "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		      EXPOSITION_OPENMETRICS);
	expect_format("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
		      "text/plain;version=0.0.4;q=0.4,*/*;q=0.2",
		      EXPOSITION_OPENMETRICS);
	expect_format("*/*", EXPOSITION_PROMETHEUS);
	expect_format("text/html,application/xhtml+xml,*/*;q=0.8", EXPOSITION_PROMETHEUS);
	expect_format(NULL, EXPOSITION_PROMETHEUS);
	expect_format("", EXPOSITION_PROMETHEUS);
	expect_format(" Application/OpenMetrics-Text ; version=1.0.0 ; q=1 ",
		      EXPOSITION_OPENMETRICS);
	expect_format("text/plain,application/openmetrics-text;q=0.9", EXPOSITION_PROMETHEUS);
	expect_format("application/openmetrics-text;q=0", EXPOSITION_PROMETHEUS);
	expect_format("application/openmetrics-text;version=2.0.0", EXPOSITION_PROMETHEUS);
	expect_format(",;,;q=,=", EXPOSITION_PROMETHEUS);
}

static struct web_peer peer_of(const char *text)
{
	struct sockaddr_in address = { .sin_family = AF_INET };

	assert_int_equal(inet_pton(AF_INET, text, &address.sin_addr), 1);
	return web_peer__of((struct sockaddr *)&address);
}

/* One end of a pair, whose other end tells whether it was ended. */
static int new_pair(int *other)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	*other = pair[1];
	return pair[0];
}

static bool is_ended(int other)
{
	char byte;

	return recv(other, &byte, 1, MSG_PEEK) == 0;
}

/* A connection that has come, two turns ago. */
static struct web_connection *add(struct web_connections *connections, int fd, const char *peer,
				  uint64_t now_ns)
{
	struct web_connection *one = web_connections__add(connections, fd, peer_of(peer), now_ns);

	connections->turn += 2;
	return one;
}

#define MANY 40

/* One address has no more than its share: its oldest goes, but one that is answered stays. */
static void test_share(void **state)
{
	static struct web_connections connections;
	int fds[MANY], others[MANY];
	struct web_connection *first;

	(void)state;
	web_connections__init(&connections);
	fds[0] = new_pair(&others[0]);
	first = add(&connections, fds[0], "10.0.0.1", 1);
	assert_non_null(first);
	first->answered_ns = 2;
	for (int i = 1; i < MANY; i++) {
		fds[i] = new_pair(&others[i]);
		assert_non_null(add(&connections, fds[i], "10.0.0.1", 1 + (uint64_t)i));
	}
	assert_int_equal(connections.count, WEB_PER_ADDRESS);
	assert_int_equal(connections.dropped, MANY - WEB_PER_ADDRESS);
	assert_false(is_ended(others[0]));
	for (int i = 1; i < MANY; i++)
		assert_int_equal(is_ended(others[i]), i <= MANY - WEB_PER_ADDRESS);
	for (int i = 0; i < MANY; i++) {
		close(fds[i]);
		close(others[i]);
	}
}

/* Those of which nobody knows yet whether they have asked stay, and their number comes down then.
 */
static void test_new(void **state)
{
	static struct web_connections connections;
	int fd, other;

	(void)state;
	web_connections__init(&connections);
	fd = new_pair(&other);
	for (int i = 0; i < 2 * WEB_PER_ADDRESS; i++) {
		connections.turn = (uint64_t)i / WEB_PER_ADDRESS;
		assert_non_null(web_connections__add(&connections, fd, peer_of("10.0.0.1"),
						     1 + (uint64_t)i));
	}
	assert_int_equal(connections.count, 2 * WEB_PER_ADDRESS);
	connections.turn = 2;
	assert_non_null(web_connections__add(&connections, fd, peer_of("10.0.0.1"), 1000));
	assert_int_equal(connections.count, WEB_PER_ADDRESS + 1);
	connections.turn = 3;
	assert_non_null(web_connections__add(&connections, fd, peer_of("10.0.0.1"), 1001));
	assert_int_equal(connections.count, WEB_PER_ADDRESS);
	close(fd);
	close(other);
}

/* Of all addresses together there are no more than so many, and a place is free again. */
static void test_all(void **state)
{
	static struct web_connections connections;
	int fd, other;

	(void)state;
	web_connections__init(&connections);
	fd = new_pair(&other);
	for (int i = 0; i < 2 * WEB_CONNECTIONS; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.0.1.%d", i);
		assert_non_null(add(&connections, fd, text, 1 + (uint64_t)i));
	}
	assert_int_equal(connections.count, WEB_CONNECTIONS);
	assert_null(add(&connections, fd, "10.0.2.1", 1000));
	web_connections__remove(&connections, &connections.list[0]);
	assert_non_null(add(&connections, fd, "10.0.2.1", 1001));
	close(fd);
	close(other);
}

static void test_expire(void **state)
{
	static struct web_connections connections;
	struct web_connection *asks, *reads;
	int fds[2], others[2];

	(void)state;
	web_connections__init(&connections);
	for (int i = 0; i < 2; i++)
		fds[i] = new_pair(&others[i]);
	asks = add(&connections, fds[0], "10.0.0.1", SECOND);
	reads = add(&connections, fds[1], "10.0.0.1", SECOND);
	reads->answered_ns = SECOND;
	web_connections__expire(&connections, SECOND + WEB_REQUEST_NS);
	assert_false(is_ended(others[0]));
	web_connections__expire(&connections, SECOND + WEB_REQUEST_NS + 1);
	assert_true(is_ended(others[0]));
	assert_true(asks->ended);
	assert_false(is_ended(others[1]));
	web_connections__expire(&connections, SECOND + WEB_ANSWER_NS + 1);
	assert_true(is_ended(others[1]));
	assert_int_equal(connections.count, 0);
	assert_int_equal(connections.dropped, 2);
	for (int i = 0; i < 2; i++) {
		close(fds[i]);
		close(others[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept), cmocka_unit_test(test_share),
		cmocka_unit_test(test_new),    cmocka_unit_test(test_all),
		cmocka_unit_test(test_expire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
