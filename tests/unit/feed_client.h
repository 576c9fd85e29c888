/* SPDX-License-Identifier: GPL-2.0-only */
/* A feed at a socket of its own, and clients of it in the same process, none of which waits. */
#ifndef KVMQ_FEED_CLIENT_H
#define KVMQ_FEED_CLIENT_H

#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/log.h"
#include "base/units.h"
#include "daemon/feed_internal.h"
#include "model/view_sets.h"
#include "wire/reader.h"

#define VMS 2000 /* a moment of them fits into no socket's buffer */

static char folder[64], path[96];
static struct view view; /* of the latest moment */
static struct feed *feed;

static inline struct recording_info make_info(void)
{
	struct recording_info info = { .option = "--socket",
				       .tool = "kvmqd",
				       .version = "1",
				       .boot_id = "boot",
				       .host = "kvm1",
				       .interval_ns = NSEC_PER_SEC,
				       .sets = all_sets };

	while (info.sets[info.set_count])
		info.set_count++;
	return info;
}

static inline int set_up(void **state)
{
	static struct recording_info info;

	(void)state;
	strcpy(folder, "/tmp/test-feed-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	log_init("kvmqd", 0);
	alarm(60); /* what waits for ever fails */
	info = make_info();
	assert_int_equal(feed__open(&feed, path, "", &info), 0);
	view = (struct view){ .sched.time_ns = 1 };
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	feed__close(feed);
	feed = NULL;
	view__free(&view);
	alarm(0);
	return rmdir(folder); /* the socket has gone */
}

/* A descriptor that does not wait, or -errno. */
static inline int try_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;

	strcpy(address.sun_path, path);
	assert_true(fd >= 0);
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	error = -errno;
	close(fd);
	return error;
}

static inline void run_feed(void)
{
	assert_int_equal(feed__run(feed), 0);
}

/* Waits until there is something to do, which a timer says if nobody else does. */
static inline void await_feed(void)
{
	struct pollfd pollfd = { .fd = feed__fd(feed), .events = POLLIN };

	assert_int_equal(poll(&pollfd, 1, 30000), 1);
	run_feed();
}

static inline struct feed_state look(void)
{
	struct feed_state state;

	feed__state(feed, &state);
	return state;
}

/* The feed has looked at it. */
static inline int connect_one(void)
{
	uint64_t before = look().accepted;
	int fd = try_connect();

	assert_true(fd >= 0);
	while (look().accepted == before)
		await_feed();
	return fd;
}

static inline void say(int fd, const char *text, size_t size)
{
	assert_int_equal(send(fd, text, size, MSG_NOSIGNAL), size);
	run_feed();
}

static inline int connect_client(void)
{
	int fd = connect_one();

	say(fd, WIRE_HELLO, WIRE_HELLO_SIZE);
	return fd;
}

/* Whether the feed has ended the connection, whatever it has sent before. */
static inline bool is_ended(int fd)
{
	char bytes[65536];
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		;
	return !got || errno == ECONNRESET;
}

static inline void send_moment(void)
{
	view.sched.time_ns++;
	assert_int_equal(feed__send(feed, &view), 0);
}

static inline void add_vms(void)
{
	for (uint32_t i = 0; i < VMS; i++) {
		struct vm *vm = list_add(&view.sched.vms);

		assert_non_null(vm);
		vm->pid = i + 1;
		memset(vm->cgroup, 'c', sizeof(vm->cgroup) - 1);
	}
}

/* Reads so many bytes, while the feed sends them. */
static inline void receive(int fd, unsigned char *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = recv(fd, bytes + done, size - done, MSG_DONTWAIT);

		assert_true(got > 0 || (got < 0 && errno == EAGAIN));
		done += got > 0 ? (size_t)got : 0;
		run_feed();
	}
}

/* The next frame: what follows its head, to be freed. */
static inline unsigned char *receive_frame(int fd, enum wire_kind wanted, size_t *size)
{
	unsigned char head[WIRE_HEAD], *bytes;
	enum wire_kind kind;

	receive(fd, head, sizeof(head));
	assert_int_equal(wire__read_head(head, &kind, size), 0);
	assert_int_equal(kind, wanted);
	bytes = malloc(*size);
	assert_non_null(bytes);
	receive(fd, bytes, *size);
	return bytes;
}

static inline struct wire_reader *receive_tables(int fd)
{
	struct recording_info info = make_info();
	struct wire_reader *reader;
	unsigned char *bytes;
	size_t size;

	bytes = receive_frame(fd, WIRE_TABLES, &size);
	assert_int_equal(wire_reader__open(&reader, info.sets, info.set_count), 0);
	assert_int_equal(wire_reader__tables(reader, bytes, size), 0);
	free(bytes);
	return reader;
}

static inline void expect_moment(int fd, struct wire_reader *reader, uint64_t time_ns, size_t vms)
{
	struct view got = { 0 };
	unsigned char *bytes;
	size_t size;

	bytes = receive_frame(fd, WIRE_MOMENT, &size);
	assert_int_equal(wire_reader__moment(reader, bytes, size, &got), 0);
	assert_int_equal(got.sched.time_ns, time_ns);
	assert_int_equal(got.sched.vms.count, vms);
	view__free(&got);
	free(bytes);
}

#define FEED_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
