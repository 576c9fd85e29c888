// SPDX-License-Identifier: GPL-2.0-only
#include "disks/qmp.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/units.h"

#define ANSWER_MAX (4U << 20)
#define VALUES_MAX 65536U /* of an answer: each may take 100 times the memory of its text */
#define WAIT_MS 50	  /* after so many it checks whether the tool is to end */
#define READ_SIZE 65536U
#define RETRY_MS 10

/* How far the text has been searched for the end of its first object. */
struct scan {
	size_t done;
	size_t depth;
	size_t values;
	bool in_string;
	bool escaped;
};

struct qmp {
	int fd; /* -1: the connection has ended */
	unsigned int timeout_ms;
	uint64_t deadline_ns;
	uint64_t limit_ns; /* no deadline is later */
	char *text;
	size_t taken; /* of the text read, its beginning */
	size_t size;
	size_t capacity;
	struct scan scan;
	unsigned int version;
};

/* After a missing or broken answer, what comes next belongs to no command. */
static int end(struct qmp *qmp, int error)
{
	if (qmp->fd >= 0)
		close(qmp->fd);
	qmp->fd = -1;
	return error;
}

/* The time until the deadline, at least 1 while there is any. */
static int left_ms(const struct qmp *qmp)
{
	uint64_t now = clock_monotonic_ns();

	return now < qmp->deadline_ns ? (int)((qmp->deadline_ns - now) / NSEC_PER_MSEC + 1) : 0;
}

static void start_clock(struct qmp *qmp)
{
	qmp->deadline_ns = clock_monotonic_ns() + qmp->timeout_ms * NSEC_PER_MSEC;
	if (qmp->deadline_ns > qmp->limit_ns)
		qmp->deadline_ns = qmp->limit_ns;
}

void qmp__limit(struct qmp *qmp, unsigned int total_ms)
{
	qmp->limit_ns = clock_monotonic_ns() + total_ms * NSEC_PER_MSEC;
}

/* Waits until the socket is ready. Returns 0 or -errno. */
static int wait_for(const struct qmp *qmp, short events)
{
	struct pollfd pollfd = { .fd = qmp->fd, .events = events };
	int got = 0, ms;

	while (got <= 0 && (ms = left_ms(qmp))) {
		if (interrupted())
			return -EINTR;
		got = poll(&pollfd, 1, ms < WAIT_MS ? ms : WAIT_MS);
		if (got < 0 && errno != EINTR)
			return -errno;
	}
	return got > 0 ? 0 : -ETIMEDOUT;
}

/* A Unix socket with a full queue says EAGAIN, and poll() does not tell when it has room. */
static int connect_to(struct qmp *qmp, const struct sockaddr_un *address)
{
	while (connect(qmp->fd, (const struct sockaddr *)address, sizeof(*address))) {
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (!left_ms(qmp))
			return -ETIMEDOUT;
		if (interrupted())
			return -EINTR;
		poll(NULL, 0, RETRY_MS);
	}
	return 0;
}

static int send_all(struct qmp *qmp, const char *text, size_t size)
{
	while (size) {
		ssize_t sent = send(qmp->fd, text, size, MSG_NOSIGNAL);
		int error;

		if (sent >= 0) {
			text += sent;
			size -= (size_t)sent;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return errno == ECONNRESET ? -EPIPE : -errno;
		error = wait_for(qmp, POLLOUT);
		if (error)
			return error;
	}
	return 0;
}

static int make_room(struct qmp *qmp)
{
	size_t capacity = qmp->capacity ? qmp->capacity * 2 : READ_SIZE;
	char *text;

	if (qmp->taken) {
		qmp->size -= qmp->taken;
		qmp->scan.done -= qmp->taken;
		memmove(qmp->text, qmp->text + qmp->taken, qmp->size);
		qmp->taken = 0;
	}
	if (qmp->size < qmp->capacity)
		return 0;
	if (qmp->size >= ANSWER_MAX)
		return -EPROTO;
	text = realloc(qmp->text, capacity);
	if (!text)
		return -ENOMEM;
	qmp->text = text;
	qmp->capacity = capacity;
	return 0;
}

static int read_more(struct qmp *qmp)
{
	int error = make_room(qmp);
	ssize_t got;

	while (!error) {
		got = recv(qmp->fd, qmp->text + qmp->size, qmp->capacity - qmp->size, 0);
		if (got > 0) {
			qmp->size += (size_t)got;
			/* Endless events must not hold it longer than silence does. */
			return left_ms(qmp) ? 0 : -ETIMEDOUT;
		}
		if (!got || errno == ECONNRESET)
			return -EPIPE;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		error = wait_for(qmp, POLLIN);
	}
	return error;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void scan_string(struct scan *scan, char c)
{
	if (scan->escaped)
		scan->escaped = false;
	else if (c == '\\')
		scan->escaped = true;
	else if (c == '"')
		scan->in_string = false;
}

/*
 * Looks for the end of an object. A monitor may be told to print over many lines, so lines do not
 * tell. Returns its size, 0 (more is to come) or -EPROTO.
 */
static ssize_t scan_object(struct qmp *qmp)
{
	struct scan *scan = &qmp->scan;

	while (scan->done < qmp->size) {
		char c = qmp->text[scan->done++];

		if (scan->in_string)
			scan_string(scan, c);
		else if (scan->depth ? strchr("{[,", c) && c && ++scan->values > VALUES_MAX
				     : c != '{' && !is_blank(c))
			return -EPROTO;
		else if (c == '{')
			scan->depth++;
		else if (c == '"')
			scan->in_string = true;
		else if (c == '}' && !--scan->depth)
			return (ssize_t)(scan->done - qmp->taken);
	}
	return 0;
}

/* Reads the next object. Returns a new reference, or NULL with *error set. */
static json_t *read_object(struct qmp *qmp, int *error)
{
	ssize_t length;
	json_t *object;

	while (!(length = scan_object(qmp))) {
		*error = read_more(qmp);
		if (*error)
			return NULL;
	}
	*error = -EPROTO;
	if (length < 0)
		return NULL;
	object = json_loadb(qmp->text + qmp->taken, (size_t)length, 0, NULL);
	qmp->taken += (size_t)length;
	qmp->scan = (struct scan){ .done = qmp->taken };
	return object;
}

/* Between two answers nothing is kept, so that a long one does not cost its memory for ever. */
static void forget_text(struct qmp *qmp)
{
	if (qmp->capacity <= READ_SIZE || qmp->taken < qmp->size)
		return;
	free(qmp->text);
	qmp->text = NULL;
	qmp->size = qmp->capacity = qmp->taken = 0;
	qmp->scan = (struct scan){ 0 };
}

/* Reads what answers a command. Returns the value of "return", or NULL with *error set. */
static json_t *read_answer(struct qmp *qmp, int *error)
{
	json_t *object, *value;

	while ((object = read_object(qmp, error)) && json_object_get(object, "event"))
		json_decref(object);
	if (!object)
		return NULL;
	value = json_incref(json_object_get(object, "return"));
	if (!value)
		*error = json_object_get(object, "error") ? -EOPNOTSUPP : -EPROTO;
	json_decref(object);
	return value;
}

static int send_command(struct qmp *qmp, const char *command, json_t *arguments)
{
	json_t *object = json_pack("{s:s}", "execute", command);
	char *text = NULL;
	int error = -ENOMEM;

	if (object && (!arguments || !json_object_set(object, "arguments", arguments)))
		text = json_dumps(object, JSON_COMPACT);
	if (text)
		error = send_all(qmp, text, strlen(text));
	if (!error)
		error = send_all(qmp, "\n", 1);
	free(text);
	json_decref(object);
	return error;
}

json_t *qmp__execute(struct qmp *qmp, const char *command, json_t *arguments)
{
	json_t *value = NULL;
	int error = -EPIPE;

	if (qmp->fd >= 0) {
		start_clock(qmp);
		error = send_command(qmp, command, arguments);
		if (!error)
			value = read_answer(qmp, &error);
		if (!value && error != -EOPNOTSUPP)
			end(qmp, error);
	}
	forget_text(qmp);
	json_decref(arguments);
	if (!value)
		errno = -error;
	return value;
}

static unsigned int read_version(const json_t *greeting)
{
	const json_t *numbers = json_object_get(json_object_get(greeting, "version"), "qemu");
	json_int_t major = json_integer_value(json_object_get(numbers, "major"));
	json_int_t minor = json_integer_value(json_object_get(numbers, "minor"));

	if (major < 0 || major > UINT16_MAX || minor < 0 || minor > 999)
		return 0;
	return QMP_VERSION((unsigned int)major, (unsigned int)minor);
}

static int negotiate(struct qmp *qmp)
{
	int error = 0;
	json_t *object = read_object(qmp, &error), *value;

	if (!object)
		return error;
	error = json_is_object(json_object_get(object, "QMP")) ? 0 : -EPROTO;
	qmp->version = read_version(json_object_get(object, "QMP"));
	json_decref(object);
	if (error)
		return error;
	value = qmp__execute(qmp, "qmp_capabilities", NULL);
	if (!value)
		return -errno;
	json_decref(value);
	return 0;
}

int qmp__open(struct qmp **out, const char *path, unsigned int timeout_ms)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct qmp *qmp;
	int error;

	*out = NULL;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	qmp = calloc(1, sizeof(*qmp));
	if (!qmp)
		return -ENOMEM;
	qmp->timeout_ms = timeout_ms;
	qmp->limit_ns = UINT64_MAX;
	start_clock(qmp);
	qmp->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	error = qmp->fd < 0 ? -errno : connect_to(qmp, &address);
	if (!error)
		error = negotiate(qmp);
	if (error) {
		qmp__close(qmp);
		return error;
	}
	*out = qmp;
	return 0;
}

void qmp__close(struct qmp *qmp)
{
	if (!qmp)
		return;
	end(qmp, 0);
	free(qmp->text);
	free(qmp);
}

unsigned int qmp__version(const struct qmp *qmp)
{
	return qmp->version;
}

uint32_t qmp__peer(const struct qmp *qmp)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (qmp->fd < 0 || getsockopt(qmp->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return 0;
	return (uint32_t)peer.pid;
}
