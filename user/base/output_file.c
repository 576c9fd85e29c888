// SPDX-License-Identifier: GPL-2.0-only
#include "base/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/log.h"

/* With O_NONBLOCK, opening does not wait if a FIFO has taken the file's place. */
#define FLAGS (O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

const char *output_file__refusal(const struct stat *file)
{
	if (S_ISLNK(file->st_mode))
		return "a symbolic link";
	if (S_ISDIR(file->st_mode))
		return "a folder";
	if (!S_ISREG(file->st_mode))
		return "no plain file";
	if (file->st_uid != geteuid())
		return "another user's file";
	if (file->st_nlink > 1)
		return "a file with another name, too (a hard link)";
	return NULL;
}

/*
 * Looked at twice: before it is opened, since opening a device may do something, and when it is
 * open and can no longer be exchanged. Returns the descriptor, or -errno.
 */
static int open_existing(const char *path, int access, const char **refusal)
{
	struct stat file;
	int fd, error;

	if (lstat(path, &file))
		return -errno;
	*refusal = output_file__refusal(&file);
	if (*refusal)
		return -EPERM;
	fd = open(path, FLAGS | access);
	if (fd < 0)
		return -errno;
	error = fstat(fd, &file) ? -errno : 0;
	*refusal = error ? NULL : output_file__refusal(&file);
	if (*refusal)
		error = -EPERM;
	if (!error)
		return fd;
	close(fd);
	return error;
}

static void say_why(const char *option, const char *path, int error)
{
	log_error("%s: '%s': %s: %s", option, path, strerror(-error),
		  remedy(error, "give a file that can be written"));
}

/*
 * A new file, or an existing one that may be written to: its descriptor, or -errno after one line.
 */
static int open_plain(const char *option, const char *path, int access)
{
	const char *refusal = NULL, *before = interrupt__guard("opening a file");
	int fd = open(path, FLAGS | access | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		fd = errno == EEXIST ? open_existing(path, access, &refusal) : -errno;
	interrupt__guard(before);
	if (refusal)
		log_error("%s: '%s' is %s: give a name that is not there yet", option, path,
			  refusal);
	else if (fd < 0)
		say_why(option, path, fd);
	return fd;
}

int output_file__hold(const char *option, const char *path)
{
	return open_plain(option, path, O_RDWR);
}

int output_file__open(FILE **file, const char *option, const char *path)
{
	int fd = open_plain(option, path, O_WRONLY), error;

	if (fd < 0)
		return fd;
	*file = ftruncate(fd, 0) ? NULL : fdopen(fd, "w");
	if (*file)
		return 0;
	error = -errno;
	close(fd);
	say_why(option, path, error);
	return error;
}
