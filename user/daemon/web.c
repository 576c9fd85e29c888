// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/web.h"

#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/units.h"
#include "daemon/web_connections.h"
#include "daemon/web_listen.h"

/* Of a connection: its request, and the head of its answer. */
#define REQUEST_BYTES ((size_t)8 * 1024)
#define TICK_NS NSEC_PER_SEC /* while there are connections, which may expire */

/* Texts that readers still have: a slow one keeps an old moment's. */
#define BODIES_MAX 4

/* A connection is accepted, read, answered and closed: as long as there is more of that. */
#define ROUNDS_MAX 8

struct web {
	struct MHD_Daemon *daemon;
	struct web_ops ops;
	int listen_fd, epoll_fd, timer_fd;
	struct web_place place;
	struct web_connections connections;
	struct {
		struct MHD_Response *response; /* NULL: none */
		uint64_t moment;
	} latest[EXPOSITION_FORMATS];
	struct MHD_Response *where, *not_found, *not_allowed, *not_ready;
	uint32_t bodies; /* of texts that are not freed yet */
	uint64_t served;
	uint64_t events; /* whatever has happened to connections */
	bool timed;	 /* the timer runs */
};

/* A text of its own, since a reader may have it for longer than the one who made it. */
struct body {
	struct web *web;
	char text[];
};

static void free_body(void *data)
{
	struct body *body = data;

	body->web->bodies--;
	free(body);
}

static struct MHD_Response *new_response(const char *text, size_t size, const char *type)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		size, (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);

	if (response && type)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	/* One request for each connection: an idle one would take another's place. */
	if (response)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	return response;
}

/* Replaces the latest text by a new one. 0 or -errno. */
static int renew(struct web *web, enum exposition_format format, const char *text, size_t size,
		 uint64_t moment)
{
	struct body *body = malloc(sizeof(*body) + size);
	struct MHD_Response *response;

	if (!body)
		return -ENOMEM;
	body->web = web;
	memcpy(body->text, text, size);
	response = MHD_create_response_from_buffer_with_free_callback_cls(size, body->text,
									  free_body, body);
	if (!response) {
		free(body);
		return -ENOMEM;
	}
	web->bodies++;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				exposition_format__content_type(format));
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT);
	if (web->latest[format].response)
		MHD_destroy_response(web->latest[format].response);
	web->latest[format].response = response;
	web->latest[format].moment = moment;
	return 0;
}

/*
 * The latest text. If readers still have too many older ones, it is that of a moment before, which
 * is made of memory that is there already.
 */
static struct MHD_Response *latest_text(struct web *web, const char *accept, unsigned int *status)
{
	enum exposition_format format = web__accepted(accept);
	const char *text;
	uint64_t moment;
	size_t size;
	int error = web->ops.text(web->ops.context, format, &text, &size, &moment);

	*status = MHD_HTTP_SERVICE_UNAVAILABLE;
	if (error)
		return web->not_ready;
	if (!web->latest[format].response ||
	    (web->latest[format].moment != moment && web->bodies < BODIES_MAX))
		renew(web, format, text, size, moment); /* else an older one is better than none */
	if (!web->latest[format].response)
		return web->not_ready;
	*status = MHD_HTTP_OK;
	return web->latest[format].response;
}

static struct MHD_Response *answer_to(struct web *web, struct MHD_Connection *connection,
				      const char *url, const char *method, unsigned int *status)
{
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		*status = MHD_HTTP_METHOD_NOT_ALLOWED;
		return web->not_allowed;
	}
	*status = MHD_HTTP_OK;
	if (!strcmp(url, "/"))
		return web->where;
	if (!strcmp(url, "/metrics"))
		return latest_text(web,
				   MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							       MHD_HTTP_HEADER_ACCEPT),
				   status);
	*status = MHD_HTTP_NOT_FOUND;
	return web->not_found;
}

static struct web_connection *place_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* At once, before anything that may follow the request is read. */
static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, /* NOLINT(readability-non-const-parameter) */
				  void **context)
{
	struct web_connection *place = place_of(connection);
	struct web *web = data;
	unsigned int status;
	struct MHD_Response *response = answer_to(web, connection, url, method, &status);

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)context;
	web->served++;
	web->events++;
	if (place)
		place->answered_ns = clock_monotonic_ns();
	return MHD_queue_response(connection, status, response);
}

static void on_connection(void *data, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;
	struct web *web = data;
	int fd;

	web->events++;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (*context)
			web_connections__remove(&web->connections, *context);
		return;
	}
	/* libmicrohttpd 1.0 answers each question in the same memory. */
	fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	*context = web_connections__add(&web->connections, fd,
					web_peer__of(info ? info->client_addr : NULL),
					clock_monotonic_ns());
}

static int make_answers(struct web *web)
{
	static const char where[] = "kvmqd: metrics are at /metrics\n", not_found[] = "not found\n",
			  not_allowed[] = "only GET and HEAD\n", not_ready[] = "no moment yet\n";
	static const char type[] = "text/plain; charset=utf-8";

	web->where = new_response(where, sizeof(where) - 1, type);
	web->not_found = new_response(not_found, sizeof(not_found) - 1, type);
	web->not_allowed = new_response(not_allowed, sizeof(not_allowed) - 1, type);
	web->not_ready = new_response(not_ready, sizeof(not_ready) - 1, type);
	if (!web->where || !web->not_found || !web->not_allowed || !web->not_ready)
		return -ENOMEM;
	MHD_add_response_header(web->not_allowed, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	MHD_add_response_header(web->not_ready, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	return 0;
}

static int start(struct web *web)
{
	const union MHD_DaemonInfo *info;
	struct epoll_event event = { .events = EPOLLIN };

	/* No time limit of its own: it ends a connection before it reads what has come in time. */
	web->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, web, MHD_OPTION_LISTEN_SOCKET,
		web->listen_fd, MHD_OPTION_NOTIFY_CONNECTION, on_connection, web,
		MHD_OPTION_CONNECTION_LIMIT, 2U * WEB_CONNECTIONS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, REQUEST_BYTES, MHD_OPTION_END);
	if (!web->daemon)
		return errno ? -errno : -EIO;
	info = MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	web->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	web->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (!info || web->epoll_fd < 0 || web->timer_fd < 0)
		return -errno;
	event.data.fd = info->epoll_fd;
	if (epoll_ctl(web->epoll_fd, EPOLL_CTL_ADD, info->epoll_fd, &event))
		return -errno;
	event.data.fd = web->timer_fd;
	return epoll_ctl(web->epoll_fd, EPOLL_CTL_ADD, web->timer_fd, &event) ? -errno : 0;
}

int web__open(struct web **result, const char *listen, const struct web_ops *ops)
{
	struct web *web = calloc(1, sizeof(*web));
	int error;

	if (!web)
		return -ENOMEM;
	web->ops = *ops;
	web->epoll_fd = web->timer_fd = -1;
	web_connections__init(&web->connections);
	signal(SIGPIPE, SIG_IGN); /* a reader that goes is no reason to end */
	web->listen_fd = web_listen(listen, &web->place);
	if (web->listen_fd < 0) {
		error = web->listen_fd;
		free(web);
		return error;
	}
	error = make_answers(web);
	if (!error)
		error = start(web);
	if (error) {
		log_error("listen: '%s': %s: %s", listen, strerror(-error),
			  remedy(error, "give another address"));
		web__close(web);
		return error;
	}
	*result = web;
	return 0;
}

int web__fd(const struct web *web)
{
	return web->epoll_fd;
}

uint16_t web__port(const struct web *web)
{
	return web->place.port;
}

static int start_timer(struct web *web, uint64_t wait_ns)
{
	struct itimerspec next = { .it_value = { (time_t)(wait_ns / NSEC_PER_SEC),
						 (long)(wait_ns % NSEC_PER_SEC) } };

	web->timed = wait_ns;
	return timerfd_settime(web->timer_fd, 0, &next, NULL) ? -errno : 0;
}

/* When web__run() is to come back, if nothing is ready before. */
static int set_timer(struct web *web)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	if (MHD_get_timeout(web->daemon, &wait_ms) == MHD_YES && !wait_ms)
		return start_timer(web, 1);
	if (web->connections.count)
		return web->timed ? 0 : start_timer(web, TICK_NS);
	return web->timed ? start_timer(web, 0) : 0;
}

int web__run(struct web *web)
{
	uint64_t begin_ns = clock_monotonic_ns(), ticks, events;
	int rounds = 0;

	if (web->timed && read(web->timer_fd, &ticks, sizeof(ticks)) == sizeof(ticks))
		web->timed = false;
	do {
		events = web->events;
		web->connections.turn++;
		if (MHD_run(web->daemon) != MHD_YES)
			return -EIO;
	} while (events != web->events && ++rounds < ROUNDS_MAX);
	web_connections__expire(&web->connections, begin_ns);
	return set_timer(web);
}

void web__state(const struct web *web, struct web_state *state)
{
	*state = (struct web_state){ .connections = web->connections.count,
				     .served = web->served,
				     .dropped = web->connections.dropped };
}

static void free_response(struct MHD_Response *response)
{
	if (response)
		MHD_destroy_response(response);
}

void web__close(struct web *web)
{
	if (!web)
		return;
	/* It closes what it listens on, too. */
	if (web->daemon)
		MHD_stop_daemon(web->daemon);
	else
		close(web->listen_fd);
	if (*web->place.path)
		unlink(web->place.path);
	for (int i = 0; i < EXPOSITION_FORMATS; i++)
		free_response(web->latest[i].response);
	free_response(web->where);
	free_response(web->not_found);
	free_response(web->not_allowed);
	free_response(web->not_ready);
	if (web->epoll_fd >= 0)
		close(web->epoll_fd);
	if (web->timer_fd >= 0)
		close(web->timer_fd);
	free(web);
}
