// SPDX-License-Identifier: GPL-2.0-only
/* A request that has come is answered, however many come at once and however late it is read. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/units.h"
#include "daemon/web.h"
#include "daemon/web_connections.h"

#define MANY (2 * WEB_PER_ADDRESS)

static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

struct server {
	char folder[32], listen[64];
	struct web *web;
};

static int get_text(void *context, enum exposition_format format, const char **text, size_t *size,
		    uint64_t *moment)
{
	(void)context;
	(void)format;
	*text = "kvmq_test 1\n";
	*size = strlen(*text);
	*moment = 1;
	return 0;
}

static void open_server(struct server *server)
{
	static const struct web_ops ops = { get_text, NULL };

	strcpy(server->folder, "/tmp/kvmq-web-XXXXXX");
	assert_non_null(mkdtemp(server->folder));
	snprintf(server->listen, sizeof(server->listen), "unix:%s/socket", server->folder);
	assert_int_equal(web__open(&server->web, server->listen, &ops), 0);
}

static void close_server(struct server *server)
{
	web__close(server->web);
	assert_int_equal(rmdir(server->folder), 0);
}

static int connect_to(const struct server *server)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", server->folder);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void ask(int fd)
{
	assert_int_equal(send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL), sizeof(request) - 1);
}

/* As long as it has something to do. */
static void run(struct server *server)
{
	struct pollfd fd = { .fd = web__fd(server->web), .events = POLLIN };

	while (poll(&fd, 1, 100) > 0)
		assert_int_equal(web__run(server->web), 0);
}

static void expect_answer(int fd)
{
	static const char head[] = "HTTP/1.1 200 ";
	char text[1000] = "";

	if (recv(fd, text, sizeof(text) - 1, 0) < 0)
		fail_msg("no answer: %s", strerror(errno));
	if (strncmp(text, head, strlen(head)) != 0)
		fail_msg("answer '%s'", text);
	close(fd);
}

static void test_burst(void **state)
{
	struct server server;
	int fds[MANY];

	(void)state;
	open_server(&server);
	for (int i = 0; i < MANY; i++) {
		fds[i] = connect_to(&server);
		ask(fds[i]);
	}
	run(&server);
	for (int i = 0; i < MANY; i++)
		expect_answer(fds[i]);
	close_server(&server);
}

/* The server was kept from running for longer than a request may take. */
static void test_late(void **state)
{
	struct server server;
	int fd;

	(void)state;
	open_server(&server);
	fd = connect_to(&server);
	assert_int_equal(web__run(server.web), 0);
	ask(fd);
	usleep((WEB_REQUEST_NS + 500 * NSEC_PER_MSEC) / 1000);
	run(&server);
	expect_answer(fd);
	close_server(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
