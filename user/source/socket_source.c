// SPDX-License-Identifier: GPL-2.0-only
#include "source/socket_source.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/privileges.h"
#include "base/units.h"
#include "model/choice.h"
#include "model/view_sets.h"
#include "source/recorded.h"
#include "wire/reader.h"

#define ANSWER_NS                                                                                  \
	(5 * NSEC_PER_SEC) /* what a server may take, and a moment beside its interval             \
			    */
#define RETRY_MS 10
#define WAIT_MS 50 /* after so many it checks whether the tool is to end */
#define CHUNK_SIZE (64U << 10)
#define INTERVAL_MAX_NS (24 * 3600 * NSEC_PER_SEC)

struct socket_source {
	const struct options *options;
	const struct recording_info *info;
	struct host host;
	int fd, timer; /* -1: not open */
	struct wire_reader *reader;
	bool has_tables;
	/* What has come of a frame, its head first. */
	unsigned char *bytes;
	size_t size, capacity;
	enum wire_kind kind;
	size_t wanted;	  /* bytes of it, once its head is there */
	struct view next; /* the latest moment, if it has not been read */
	bool has_come, has_next, is_due;
	uint64_t came_ns;     /* time_ns of the latest moment, */
	uint64_t read_ns;     /* and of the one that was read last */
	uint64_t interval_ns; /* that is wanted */
};

/* One line about the server. Returns error. */
static int fail(const struct socket_source *source, int error, const char *what)
{
	log_error("kvmqd at '%s' %s", source->options->socket, what);
	return error;
}

static int fail_frame(const struct socket_source *source, int error)
{
	log_error("kvmqd at '%s' %s: %s", source->options->socket,
		  wire_reader__fault(source->reader),
		  error == -EPROTO ? "use the tools of its version"
				   : remedy(error, "start it again"));
	return error;
}

static int take_tables(struct socket_source *source, const unsigned char *bytes, size_t size)
{
	int error = wire_reader__tables(source->reader, bytes, size);

	if (error)
		return fail_frame(source, error);
	source->has_tables = true;
	if (!wire_reader__about(source->reader)->interval_ns ||
	    wire_reader__about(source->reader)->interval_ns > INTERVAL_MAX_NS)
		return fail(source, -EBADMSG, "has no interval that can be: start it again");
	return 0;
}

/* Moments are hardly ever exact, so an interval ends up to half a moment early. */
static bool is_step(const struct socket_source *source)
{
	uint64_t half_ns = wire_reader__about(source->reader)->interval_ns / 2;

	return !source->read_ns ||
	       source->came_ns - source->read_ns + half_ns >= source->interval_ns;
}

static void look_at_time(struct socket_source *source)
{
	if (!source->has_next || source->is_due || !is_step(source))
		return;
	source->is_due = true;
	eventfd_write(source->timer, 1);
}

static int take_moment(struct socket_source *source, const unsigned char *bytes, size_t size)
{
	int error;

	if (!source->has_tables)
		return fail(source, -EBADMSG,
			    "begins with a view that nobody can read: start it again");
	error = wire_reader__moment(source->reader, bytes, size, &source->next);
	if (error)
		return fail_frame(source, error);
	if (source->has_come && source->next.sched.time_ns <= source->came_ns)
		return fail(source, -EBADMSG,
			    "sends a view that is no later than the one before: "
			    "start it again");
	source->came_ns = source->next.sched.time_ns;
	source->has_come = source->has_next = true;
	look_at_time(source);
	return 0;
}

static int take_frame(struct socket_source *source)
{
	const unsigned char *bytes = source->bytes + WIRE_HEAD;
	size_t size = source->size - WIRE_HEAD;

	source->size = 0;
	return source->kind == WIRE_TABLES ? take_tables(source, bytes, size)
					   : take_moment(source, bytes, size);
}

/* What was said to come gets room when it comes. */
static int make_room(struct socket_source *source, size_t more)
{
	size_t capacity = source->capacity * 2;
	unsigned char *bytes;

	if (source->size + more <= source->capacity)
		return 0;
	if (capacity < source->size + more)
		capacity = source->size + more;
	bytes = realloc(source->bytes, capacity);
	if (!bytes) {
		log_error("kvmqd at '%s': a view: %s", source->options->socket,
			  remedy(ENOMEM, NULL));
		return -ENOMEM;
	}
	source->bytes = bytes;
	source->capacity = capacity;
	return 0;
}

/* Reads a part of a frame: 1, 0 (there is nothing) or -errno after one line. */
static int receive(struct socket_source *source)
{
	bool has_head = source->size >= WIRE_HEAD;
	size_t more = (has_head ? source->wanted : WIRE_HEAD) - source->size;
	ssize_t got;

	more = more < CHUNK_SIZE ? more : CHUNK_SIZE;
	if (make_room(source, more))
		return -ENOMEM;
	got = read(source->fd, source->bytes + source->size, more);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got <= 0)
		return fail(source, -EPIPE,
			    source->has_come
				    ? "has ended the connection: start it again, or read faster"
				    : "has ended the connection: it may have too many clients");
	source->size += (size_t)got;
	if (!has_head && source->size == WIRE_HEAD) {
		if (wire__read_head(source->bytes, &source->kind, &source->wanted))
			return fail(source, -EBADMSG, "is no kvmqd: give its socket");
		source->wanted += WIRE_HEAD;
	} else if (has_head && source->size == source->wanted) {
		int error = take_frame(source);

		return error ? error : 1;
	}
	return 1;
}

/* At most one frame: whoever sends them without end is not to keep the loop. */
static int poll_source(void *data)
{
	struct socket_source *source = data;
	int got;

	if (source->is_due)
		return 0;
	do
		got = receive(source);
	while (got > 0 && source->size);
	return got < 0 ? got : 0;
}

static int fail_to_connect(const struct socket_source *source, int error)
{
	const char *path = source->options->socket;

	if (error == -EACCES || error == -EPERM)
		log_error("kvmqd at '%s': this user may not use it: join its group (kvmq)", path);
	else if (error == -ECONNREFUSED)
		log_error("kvmqd at '%s': nobody serves it: start kvmqd", path);
	else if (error == -ETIMEDOUT)
		log_error("kvmqd at '%s': no answer: start it again", path);
	else if (error != -EINTR)
		log_error("kvmqd at '%s': %s: %s", path, strerror(-error),
			  remedy(error, "give the path of its socket"));
	return error;
}

/* Waits a little: 0, -EINTR (the tool is to end) or -ETIMEDOUT. */
static int wait_for(int fd, int ms, uint64_t deadline_ns)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	poll(&pollfd, 1, ms);
	if (interrupted())
		return -EINTR;
	return clock_monotonic_ns() > deadline_ns ? -ETIMEDOUT : 0;
}

/* A server that has many to accept is tried again. */
static int connect_to(struct socket_source *source)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = source->options->socket;
	uint64_t deadline_ns = clock_monotonic_ns() + ANSWER_NS;
	int error = 0;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	source->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (source->fd < 0)
		return -errno;
	while (!error && connect(source->fd, (struct sockaddr *)&address, sizeof(address))) {
		error = errno == EAGAIN ? 0 : -errno;
		if (!error)
			error = wait_for(-1, RETRY_MS, deadline_ns);
	}
	if (error)
		return error;
	/* One that has closed it already may have sent something before. */
	send(source->fd, WIRE_HELLO, WIRE_HELLO_SIZE, MSG_NOSIGNAL);
	return 0;
}

/* The tables come at once, and the first moment, too, unless kvmqd has just begun. */
static int await_moment(struct socket_source *source)
{
	uint64_t begin_ns = clock_monotonic_ns(), limit_ns = ANSWER_NS;
	int error = 0;

	while (!error && !source->has_next) {
		error = wait_for(source->fd, WAIT_MS, begin_ns + limit_ns);
		if (error)
			return fail_to_connect(source, error);
		error = poll_source(source);
		if (source->has_tables)
			limit_ns = ANSWER_NS + wire_reader__about(source->reader)->interval_ns;
	}
	return error;
}

/* kvmqd lacks what was asked for by name, or would have been of use. */
static int check_part(const struct socket_source *source, bool wanted, const struct set *set,
		      const char *option)
{
	const struct options *options = source->options;

	if (!wanted || wire_reader__has(source->reader, set))
		return 0;
	if (options->cpu.may_lack) {
		log_warning("kvmqd at '%s' does not look at %s: set that in its configuration",
			    options->socket, option + strlen("--"));
		return 0;
	}
	log_error("%s: kvmqd at '%s' does not look at it: set %s in its configuration", option,
		  options->socket, option + strlen("--"));
	return -EOPNOTSUPP;
}

static void prepare(void *data, const struct recording_info *info)
{
	struct socket_source *source = data;

	source->info = info;
}

static int open_fds(struct socket_source *source)
{
	int error = wire_reader__open(&source->reader, source->info->sets, source->info->set_count);

	source->timer = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!error && source->timer < 0)
		error = -errno;
	if (!error)
		error = connect_to(source);
	return error ? fail_to_connect(source, error) : 0;
}

static int open_source(void *data, const struct options *options, const struct event_sink *sink)
{
	struct socket_source *source = data;
	int error;

	(void)sink;
	source->options = options;
	source->interval_ns = options->interval_ns;
	source->fd = source->timer = -1;
	error = open_fds(source);
	if (!error)
		error = await_moment(source);
	if (!error)
		error = check_part(source, options->cpu.blame, &blame_set, "--blame");
	if (!error)
		error = check_part(source, options->cpu.overlap, &overlap_set, "--overlap");
	if (!error)
		error = recorded__check_view(&source->next, options);
	source->host = source->next.host;
	return error;
}

static const struct host *get_host(const void *data)
{
	const struct socket_source *source = data;

	return &source->host;
}

static unsigned int needs(const struct options *options)
{
	(void)options;
	return PRIVILEGE_NONE;
}

static int pace(void *data, uint64_t interval_ns)
{
	struct socket_source *source = data;

	source->interval_ns = interval_ns;
	look_at_time(source);
	return source->timer;
}

static int get_fd(const void *data)
{
	const struct socket_source *source = data;

	return source->fd;
}

static int read_view(void *data, struct view *view)
{
	struct socket_source *source = data;
	const struct view before = *view;
	eventfd_t expirations;
	int error;

	if (!source->has_next)
		return 1;
	*view = source->next;
	source->next = before; /* its lists have room for the next one */
	source->has_next = source->is_due = false;
	source->read_ns = source->came_ns;
	eventfd_read(source->timer, &expirations);
	error = view__choose(view, source->options);
	if (error)
		log_error("--vm: %s", remedy(-error, NULL));
	return error;
}

static void close_source(void *data)
{
	struct socket_source *source = data;

	if (source->fd >= 0)
		close(source->fd);
	if (source->timer >= 0)
		close(source->timer);
	wire_reader__close(source->reader);
	view__free(&source->next);
	free(source->bytes);
}

const struct source_ops socket_source = {
	.size = sizeof(struct socket_source),
	.prepare = prepare,
	.open = open_source,
	.host = get_host,
	.needs = needs,
	.pace = pace,
	.fd = get_fd,
	.poll = poll_source,
	.read = read_view,
	.close = close_source,
};
