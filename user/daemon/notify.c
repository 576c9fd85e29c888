// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/units.h"

#define MESSAGE_SIZE 512

/* A path, or "@" and the name of an abstract socket. Returns the length, or -EINVAL. */
static int find_address(struct sockaddr_un *address, const char *path)
{
	size_t length = strlen(path);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if ((*path != '/' && *path != '@') || length < 2 || length >= sizeof(address->sun_path))
		return -EINVAL;
	memcpy(address->sun_path, path, length);
	if (*path == '@')
		address->sun_path[0] = '\0';
	return (int)(offsetof(struct sockaddr_un, sun_path) + length + (*path == '/'));
}

static int connect_to(const char *path)
{
	struct sockaddr_un address;
	int length = find_address(&address, path), fd, error;

	if (length < 0)
		return length;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)&address, (socklen_t)length))
		return fd;
	error = -errno;
	close(fd);
	return error;
}

static uint64_t read_watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t value;

	if (!usec || parse_number(usec, 1, UINT64_MAX / NSEC_PER_USEC, &value))
		return 0;
	if (pid && strtol(pid, NULL, 10) != getpid())
		return 0;
	return value * NSEC_PER_USEC;
}

int notify__open(struct notify *notify)
{
	const char *path = getenv("NOTIFY_SOCKET");

	*notify = (struct notify){ .fd = -1, .watchdog_ns = read_watchdog() };
	if (path) {
		notify->fd = connect_to(path);
		if (notify->fd < 0)
			log_error("NOTIFY_SOCKET: '%s': %s: give a socket, or unset it", path,
				  strerror(-notify->fd));
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return path && notify->fd < 0 ? notify->fd : 0;
}

void notify__send(const struct notify *notify, const char *format, ...)
{
	char text[MESSAGE_SIZE];
	va_list args;

	if (notify->fd < 0)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (write(notify->fd, text, strlen(text)) < 0)
		log_detail("notifying the service manager: %s", strerror(errno));
}

void notify__close(struct notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
}
