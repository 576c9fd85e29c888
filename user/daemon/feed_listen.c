// SPDX-License-Identifier: GPL-2.0-only
/* The socket in the file system: where it may be, and who may open it. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/feed_internal.h"

#define BACKLOG 64 /* more than these wait in connect() */

static int refuse(const char *path, int error, const char *why)
{
	log_error("--socket: '%s': %s", path, why);
	return error;
}

static int fail(const char *path, const char *what)
{
	int error = -errno;

	log_error("--socket: '%s': %s: %s: %s", path, what, strerror(-error),
		  remedy(error, "start it as root, or give another path"));
	return error;
}

static bool is_ours(const struct stat *file)
{
	return file->st_uid == 0 || file->st_uid == geteuid();
}

/* Whoever could write to the folder could put a socket of his own there. */
static int check_folder(const char *path)
{
	char folder[FEED_PATH_SIZE];
	struct stat file;
	char *name;

	snprintf(folder, sizeof(folder), "%s", path);
	name = strrchr(folder, '/');
	name[name == folder] = '\0';
	/* Whatever the umask is: its group has to come in. */
	if (mkdir(folder, 0755) ? errno != EEXIST : chmod(folder, 0755))
		return fail(path, "its folder");
	if (lstat(folder, &file))
		return fail(path, "its folder");
	if (!S_ISDIR(file.st_mode) || !is_ours(&file) || file.st_mode & (S_IWGRP | S_IWOTH))
		return refuse(path, -EPERM,
			      "others can write to its folder: give one that only root, or this "
			      "user, can write to");
	return 0;
}

static bool is_served(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool served =
		fd >= 0 && (!connect(fd, (const struct sockaddr *)address, sizeof(*address)) ||
			    errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return served;
}

/* One that was left behind goes. */
static int check_place(const struct sockaddr_un *address)
{
	const char *path = address->sun_path;
	struct stat file;

	if (lstat(path, &file))
		return errno == ENOENT ? 0 : fail(path, "looking at it");
	if (!S_ISSOCK(file.st_mode) || !is_ours(&file))
		return refuse(path, -EEXIST,
			      "there is something else: remove it, or give another path");
	if (is_served(address))
		return refuse(path, -EADDRINUSE, "another kvmqd serves it: end that one first");
	return unlink(path) ? fail(path, "removing the old one") : 0;
}

/* Nobody can connect before listen(). */
static int let_in(const char *path, const char *group)
{
	const struct group *entry;

	if (!*group)
		return 0;
	entry = getgrnam(group);
	if (!entry) {
		log_warning("--socket: no group '%s': only root can use '%s': groupadd --system %s",
			    group, path, group);
		return 0;
	}
	if (chown(path, (uid_t)-1, entry->gr_gid))
		return fail(path, "giving it to its group");
	return chmod(path, 0660) ? fail(path, "letting its group use it") : 0;
}

static int open_socket(const struct sockaddr_un *address, const char *group)
{
	const char *path = address->sun_path;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;
	mode_t mask = umask(0177);

	if (fd < 0 || bind(fd, (const struct sockaddr *)address, sizeof(*address)))
		error = fail(path, "making it");
	umask(mask);
	if (!error)
		error = let_in(path, group);
	if (!error && listen(fd, BACKLOG))
		error = fail(path, "listening");
	if (!error)
		return fd;
	if (fd >= 0)
		close(fd);
	return error;
}

int feed__listen(const char *path, const char *group)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int error;

	if (*path != '/' || strlen(path) >= sizeof(address.sun_path))
		return refuse(path, -EINVAL,
			      "no path from the root on of at most 107 characters: give one");
	strcpy(address.sun_path, path);
	error = check_folder(path);
	if (!error)
		error = check_place(&address);
	return error ? error : open_socket(&address, group);
}
