// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/web_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/units.h"

#define BACKLOG 128
#define USUAL_MODE 0660
#define SILENT_SECONDS 5

/* An address of any family. */
struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un path;
	};
	socklen_t size;
	mode_t mode; /* of a path */
};

static bool parse_mode(const char *text, mode_t *mode)
{
	char *end;
	unsigned long value = strtoul(text, &end, 8);

	*mode = (mode_t)value;
	return *text == '0' && !*end && value <= 0777;
}

static int parse_path(struct address *address, const char *path)
{
	static const char option[] = ",mode=";
	const char *end = strstr(path, option);
	size_t length = end ? (size_t)(end - path) : strlen(path);

	address->mode = USUAL_MODE;
	if (*path != '/' || length >= sizeof(address->path.sun_path) ||
	    (end && !parse_mode(end + sizeof(option) - 1, &address->mode)))
		return -EINVAL;
	address->path.sun_family = AF_UNIX;
	memcpy(address->path.sun_path, path, length);
	address->size = sizeof(address->path);
	return 0;
}

/* Numbers only: a name would have to be looked up, and may change. */
static int parse_host(struct address *address, const char *where)
{
	const char *colon = strrchr(where, ':');
	char host[INET6_ADDRSTRLEN + 2];
	uint64_t port;
	size_t length;

	if (!colon || (size_t)(colon - where) >= sizeof(host) ||
	    parse_number(colon + 1, 0, UINT16_MAX, &port))
		return -EINVAL;
	length = (size_t)(colon - where);
	memcpy(host, where, length);
	host[length] = '\0';
	if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
		host[length - 1] = '\0';
		address->v6.sin6_family = AF_INET6;
		address->v6.sin6_port = htons((uint16_t)port);
		address->size = sizeof(address->v6);
		return inet_pton(AF_INET6, host + 1, &address->v6.sin6_addr) == 1 ? 0 : -EINVAL;
	}
	address->v4.sin_family = AF_INET;
	address->v4.sin_port = htons((uint16_t)port);
	address->size = sizeof(address->v4);
	return inet_pton(AF_INET, host, &address->v4.sin_addr) == 1 ? 0 : -EINVAL;
}

static int parse(struct address *address, const char *where)
{
	static const char prefix[] = "unix:";

	*address = (struct address){ .size = 0 };
	if (!strncmp(where, prefix, sizeof(prefix) - 1))
		return parse_path(address, where + sizeof(prefix) - 1);
	return parse_host(address, where);
}

/* Nobody listens there any more. */
static bool is_left_behind(const struct address *address)
{
	struct stat file;
	int fd;
	bool refused;

	if (lstat(address->path.sun_path, &file) || !S_ISSOCK(file.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	refused = connect(fd, &address->any, address->size) && errno == ECONNREFUSED;
	close(fd);
	return refused;
}

/* With the mode from the first moment on. */
static int bind_path(int fd, const struct address *address)
{
	mode_t before = umask(0777 & ~address->mode);
	int error = bind(fd, &address->any, address->size) ? -errno : 0;

	if (error == -EADDRINUSE && is_left_behind(address)) {
		unlink(address->path.sun_path);
		error = bind(fd, &address->any, address->size) ? -errno : 0;
	}
	umask(before);
	return error;
}

static int bind_host(int fd, const struct address *address)
{
	const int on = 1, silent_s = SILENT_SECONDS;

	/* Connections of a server that has ended may linger. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* The kernel keeps connections that have not asked for anything, and they cost nothing. */
	setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &silent_s, sizeof(silent_s));
	if (address->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return bind(fd, &address->any, address->size) ? -errno : 0;
}

/* The port may be one that the kernel has chosen. */
static void find_place(struct web_place *place, int fd, const struct address *asked)
{
	struct address address = { .size = sizeof(address.v6) };

	*place = (struct web_place){ .port = 0 };
	if (asked->any.sa_family == AF_UNIX)
		memcpy(place->path, asked->path.sun_path, sizeof(place->path));
	else if (getsockname(fd, &address.any, &address.size))
		return;
	else if (address.any.sa_family == AF_INET)
		place->port = ntohs(address.v4.sin_port);
	else
		place->port = ntohs(address.v6.sin6_port);
}

int web_listen(const char *where, struct web_place *place)
{
	struct address address;
	int fd, error;

	if (parse(&address, where)) {
		log_error("listen: '%s': expected ADDRESS:PORT, [IPV6]:PORT or unix:PATH", where);
		return -EINVAL;
	}
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	error = fd < 0 ? -errno : 0;
	if (!error)
		error = address.any.sa_family == AF_UNIX ? bind_path(fd, &address)
							 : bind_host(fd, &address);
	if (!error)
		error = listen(fd, BACKLOG) ? -errno : 0;
	if (!error) {
		find_place(place, fd, &address);
		return fd;
	}
	log_error("listen: '%s': %s: %s", where, strerror(-error),
		  remedy(error, "give an address of this host that nobody listens on"));
	if (fd >= 0)
		close(fd);
	return error;
}
