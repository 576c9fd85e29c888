// SPDX-License-Identifier: GPL-2.0-only
/* kvmqd's socket: who gets a place, what each client gets, and what those who misbehave get. */
#include "feed_client.h"

#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NOBODY 65534

/* The latest one at once, and each that comes; without clients none is written. */
static void test_moments(void **state)
{
	struct wire_reader *reader;
	int fd;

	(void)state;
	send_moment();
	assert_null(feed->latest);
	fd = connect_client();
	reader = receive_tables(fd);
	assert_string_equal(wire_reader__about(reader)->host, "kvm1");
	expect_moment(fd, reader, 2, 0);
	send_moment();
	expect_moment(fd, reader, 3, 0);
	assert_int_equal(look().clients, 1);
	assert_int_equal(look().behind, 0);
	assert_int_equal(look().accepted, 1);
	close(fd);
	run_feed();
	assert_int_equal(look().clients, 0);
	assert_int_equal(look().dropped, 0);
	wire_reader__close(reader);
}

/* One that comes before the first moment gets that as soon as it is there. */
static void test_first_moment(void **state)
{
	struct wire_reader *reader;
	int fd = connect_client();

	(void)state;
	reader = receive_tables(fd);
	send_moment();
	expect_moment(fd, reader, 2, 0);
	close(fd);
	wire_reader__close(reader);
}

/* All clients are sent one frame. */
static void test_one_frame(void **state)
{
	int fds[8];

	(void)state;
	send_moment();
	for (int i = 0; i < 8; i++)
		fds[i] = connect_client();
	add_vms();
	send_moment();
	assert_int_equal(feed->held, feed->latest->size);
	assert_int_equal(feed->latest->references, 1 + 8);
	for (int i = 0; i < 8; i++)
		close(fds[i]);
	run_feed();
	assert_int_equal(feed->latest->references, 1);
}

static void expect_dropped(int fd)
{
	assert_true(is_ended(fd));
	assert_int_equal(look().clients, 0);
	assert_int_equal(look().dropped, 1);
	close(fd);
}

static void test_garbage(void **state)
{
	int fd = connect_one();

	(void)state;
	send_moment();
	say(fd, "GET / HTTP/1.1\r\n\r\n", 18);
	expect_dropped(fd);
}

/* The beginning is right. */
static void test_almost_hello(void **state)
{
	int fd = connect_one();

	(void)state;
	say(fd, "kvm", 3);
	assert_int_equal(look().clients, 1);
	assert_int_equal(look().behind, 1);
	say(fd, "q 2\n", 4);
	expect_dropped(fd);
}

static void test_hello_in_parts(void **state)
{
	int fd = connect_one();

	(void)state;
	for (size_t i = 0; i < WIRE_HELLO_SIZE; i++)
		say(fd, WIRE_HELLO + i, 1);
	wire_reader__close(receive_tables(fd));
	assert_int_equal(look().dropped, 0);
	close(fd);
}

static void test_more_than_hello(void **state)
{
	int fd = connect_client();

	(void)state;
	assert_int_equal(look().clients, 1);
	say(fd, "x", 1);
	expect_dropped(fd);
}

static void test_end_of_hello(void **state)
{
	int fd = connect_client();

	(void)state;
	say(fd, "", 1);
	expect_dropped(fd);
}

static void test_hello_and_more(void **state)
{
	int fd = connect_one();

	(void)state;
	say(fd, WIRE_HELLO "x", WIRE_HELLO_SIZE + 1);
	expect_dropped(fd);
}

/* It gets the moment that it has begun with, whole, and then the latest one. */
static void test_slow_reader(void **state)
{
	struct wire_reader *reader;
	int fd = connect_client();

	(void)state;
	reader = receive_tables(fd);
	add_vms();
	for (int i = 0; i < 50; i++)
		send_moment();
	assert_int_equal(look().behind, 1);
	assert_true(feed->held <= 2 * feed->latest->size + 64);
	expect_moment(fd, reader, 2, VMS);
	expect_moment(fd, reader, 51, VMS);
	assert_int_equal(look().behind, 0);
	close(fd);
	wire_reader__close(reader);
}

static size_t memory_used(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* What nobody reads does not grow, and ends. */
static void test_never_reads(void **state)
{
	size_t before, after;
	int fd;

	(void)state;
	add_vms();
	send_moment();
	fd = connect_client();
	send_moment();
	before = memory_used();
	for (int i = 0; i < 1000; i++)
		send_moment();
	after = memory_used();
	print_message("# 1000 moments that nobody reads: %zu bytes, after %zu\n", after, before);
	assert_true(after <= before + 2 * feed->latest->size);
	assert_true(feed->held <= 3 * feed->latest->size);
	assert_int_equal(look().dropped, 0);
	feed->patience_ns = 1;
	await_feed(); /* by its timer */
	assert_int_equal(look().clients, 0);
	assert_int_equal(look().dropped, 1);
	assert_true(is_ended(fd));
	assert_int_equal(feed->held, feed->latest->size);
	close(fd);
}

/* One that says nothing has a place for as long. */
static void test_says_nothing(void **state)
{
	int fd = connect_one();

	(void)state;
	assert_int_equal(look().clients, 1);
	feed->patience_ns = 1;
	await_feed();
	expect_dropped(fd);
}

/* Many clients, each in the middle of another moment: what they hold is bounded. */
static void test_held(void **state)
{
	int fds[40];
	size_t most;

	(void)state;
	add_vms();
	for (int i = 0; i < 40; i++) {
		send_moment();
		fds[i] = connect_client();
	}
	send_moment();
	most = 3 * feed->latest->size > FEED_HELD_BYTES ? 3 * feed->latest->size : FEED_HELD_BYTES;
	print_message("# 40 clients that do not read: %zu bytes are held, of %zu a moment\n",
		      feed->held, feed->latest->size);
	assert_true(40 * feed->latest->size > most);
	assert_in_range(feed->held, feed->latest->size, most);
	assert_int_equal(look().clients + look().dropped, 40);
	assert_true(look().dropped > 0);
	for (int i = 0; i < 40; i++)
		close(fds[i]);
}

/* So many, as fast as the feed lets them in. Returns how many have a place then. */
static uint32_t flood(int *fds, int count)
{
	for (int i = 0; i < count;) {
		fds[i] = try_connect();
		if (fds[i] >= 0)
			i++;
		else if (fds[i] == -EAGAIN)
			await_feed();
		else
			fail_msg("connecting: %s", strerror(-fds[i]));
	}
	while (look().accepted + look().refused < (uint64_t)count)
		await_feed();
	return look().clients;
}

/* Whether so many files may be open. */
static bool may_open(rlim_t files)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < files)
		limit.rlim_cur = files;
	return limit.rlim_cur <= limit.rlim_max && !setrlimit(RLIMIT_NOFILE, &limit);
}

/* One user has half of the places, and the memory of the others is nobody's. */
static void test_flood(void **state)
{
	static int fds[1000];
	size_t before, after;

	(void)state;
	if (!may_open(1200))
		skip();
	send_moment();
	before = memory_used();
	assert_int_equal(flood(fds, 1000), FEED_CLIENTS_MAX / 2);
	after = memory_used();
	print_message("# 1000 connections: %zu bytes, after %zu\n", after, before);
	assert_int_equal(look().refused, 1000 - FEED_CLIENTS_MAX / 2);
	assert_true(after < before + 65536);
	for (int i = 0; i < 1000; i++)
		close(fds[i]);
	run_feed();
	while (look().clients)
		await_feed();
	assert_int_equal(look().dropped, 0);
}

/* Another user: 0 if he gets a moment. */
static int come_as_nobody(void)
{
	char byte;
	int fd, got;

	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		return 1;
	fd = try_connect();
	if (fd < 0 || send(fd, WIRE_HELLO, WIRE_HELLO_SIZE, MSG_NOSIGNAL) < 0)
		return 2;
	got = poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 10000);
	return got == 1 && recv(fd, &byte, 1, 0) == 1 ? 0 : 3;
}

static void test_another_user(void **state)
{
	static int fds[200];
	int status = -1;
	pid_t child;

	(void)state;
	if (geteuid())
		skip();
	send_moment();
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chmod(path, 0666), 0);
	flood(fds, 200);
	child = fork();
	if (!child)
		_exit(come_as_nobody());
	while (!waitpid(child, &status, WNOHANG)) {
		poll(&(struct pollfd){ .fd = feed__fd(feed), .events = POLLIN }, 1, 10);
		run_feed();
	}
	assert_int_equal(status, 0);
	for (int i = 0; i < 200; i++)
		close(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FEED_TEST(test_moments),
		FEED_TEST(test_first_moment),
		FEED_TEST(test_one_frame),
		FEED_TEST(test_garbage),
		FEED_TEST(test_almost_hello),
		FEED_TEST(test_hello_in_parts),
		FEED_TEST(test_more_than_hello),
		FEED_TEST(test_hello_and_more),
		FEED_TEST(test_end_of_hello),
		FEED_TEST(test_slow_reader),
		FEED_TEST(test_never_reads),
		FEED_TEST(test_says_nothing),
		FEED_TEST(test_held),
		FEED_TEST(test_flood),
		FEED_TEST(test_another_user),
	};

	return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
