// SPDX-License-Identifier: GPL-2.0-only
/* What a service tells its manager: user/daemon/notify.c. */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/log.h"
#include "daemon/notify.h"

/* A socket that listens at this name, "@" for an abstract one. */
static int listen_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	memcpy(address.sun_path, name, strlen(name));
	if (*name == '@')
		address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
			 0);
	return fd;
}

static void expect(int fd, const char *message)
{
	char text[1024] = "";

	assert_int_equal(recv(fd, text, sizeof(text) - 1, 0), strlen(message));
	assert_string_equal(text, message);
}

static void test_messages(void **state)
{
	char path[] = "/tmp/kvmq-notify-XXXXXX", abstract[64];
	const char *names[] = { path, abstract };
	struct notify notify;

	(void)state;
	assert_non_null(mkdtemp(path));
	assert_int_equal(rmdir(path), 0);
	snprintf(abstract, sizeof(abstract), "@kvmq-notify-%d", getpid());
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int fd = listen_at(names[i]);

		setenv("NOTIFY_SOCKET", names[i], 1);
		assert_int_equal(notify__open(&notify), 0);
		assert_null(getenv("NOTIFY_SOCKET"));
		assert_int_equal(notify.watchdog_ns, 0);
		notify__send(&notify, "READY=1");
		notify__send(&notify, "STATUS=%d of %d", 1, 2);
		expect(fd, "READY=1");
		expect(fd, "STATUS=1 of 2");
		/* A manager that has gone does not matter. */
		close(fd);
		notify__send(&notify, "STOPPING=1");
		notify__close(&notify);
	}
	unlink(path);
}

/* It must not wait for a manager that does not read. */
static void test_full(void **state)
{
	char abstract[64];
	struct notify notify;
	int fd;

	(void)state;
	snprintf(abstract, sizeof(abstract), "@kvmq-full-%d", getpid());
	fd = listen_at(abstract);
	setenv("NOTIFY_SOCKET", abstract, 1);
	assert_int_equal(notify__open(&notify), 0);
	for (int i = 0; i < 10000; i++)
		notify__send(&notify, "WATCHDOG=1");
	expect(fd, "WATCHDOG=1");
	notify__close(&notify);
	close(fd);
}

static void test_nobody(void **state)
{
	struct notify notify;

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify__open(&notify), 0);
	notify__send(&notify, "READY=1");
	notify__close(&notify);
}

static void test_refusals(void **state)
{
	static const char *const names[] = { "",	 "@",	      "/",
					     "relative", "vsock:2:3", "/nonexistent/socket" };
	struct capture capture;
	struct notify notify;

	(void)state;
	log_init("kvmqd", 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		setenv("NOTIFY_SOCKET", names[i], 1);
		capture_begin(&capture, STDERR_FILENO);
		assert_true(notify__open(&notify) < 0);
		capture_end(&capture);
		assert_int_equal(count_lines(capture.text), 1);
		assert_non_null(strstr(capture.text, "give a socket, or unset it"));
		notify__close(&notify);
	}
}

static void test_watchdog(void **state)
{
	struct notify notify;
	char pid[16];

	(void)state;
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(notify__open(&notify), 0);
	assert_int_equal(notify.watchdog_ns, 30000000000);
	assert_null(getenv("WATCHDOG_USEC"));
	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(notify__open(&notify), 0);
	assert_int_equal(notify.watchdog_ns, 0);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("WATCHDOG_USEC", "1", 1);
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify__open(&notify), 0);
	assert_int_equal(notify.watchdog_ns, 1000);
	setenv("WATCHDOG_USEC", "soon", 1);
	assert_int_equal(notify__open(&notify), 0);
	assert_int_equal(notify.watchdog_ns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages), cmocka_unit_test(test_full),
		cmocka_unit_test(test_nobody),	 cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_watchdog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
