// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A name that the collector does not read. */
#define UNFINISHED ".kvmq.prom.new"

/* One that a daemon has left unfinished is replaced; whatever else has the name is not followed. */
static int create(int folder)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(folder, UNFINISHED, flags, 0644);

	if (fd < 0 && errno == EEXIST && !unlinkat(folder, UNFINISHED, 0))
		fd = openat(folder, UNFINISHED, flags, 0644);
	return fd < 0 ? -errno : fd;
}

static int write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t written = write(fd, text, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		text += written;
		size -= (size_t)written;
	}
	return 0;
}

int textfile__write(const char *directory, const char *text, size_t size)
{
	int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd, error;

	if (folder < 0)
		return -errno;
	fd = create(folder);
	error = fd < 0 ? fd : write_all(fd, text, size);
	/* Its reader is another user, whatever the umask is. */
	if (!error && fchmod(fd, 0644))
		error = -errno;
	if (fd >= 0 && close(fd) && !error)
		error = -errno;
	if (!error && renameat(folder, UNFINISHED, folder, TEXTFILE_NAME))
		error = -errno;
	if (error && fd >= 0)
		unlinkat(folder, UNFINISHED, 0);
	close(folder);
	return error;
}
