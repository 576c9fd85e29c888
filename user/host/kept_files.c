// SPDX-License-Identifier: GPL-2.0-only
#include "host/kept_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct kept_file {
	char *path;
	int fd;
	uint64_t round; /* when it was read last */
};

void kept_files__init(struct kept_files *files)
{
	struct rlimit limit;

	*files = (struct kept_files){ 0 };
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		files->most = limit.rlim_cur / 2;
}

static void release(struct kept_file *file)
{
	close(file->fd);
	free(file->path);
}

void kept_files__free(struct kept_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		release(&files->list[i]);
	list_free(files);
	*files = (struct kept_files){ 0 };
}

/* The first place whose path is not less. */
static size_t find_place(const struct kept_files *files, const char *path)
{
	size_t low = 0, high = files->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(files->list[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void remove_at(struct kept_files *files, size_t place)
{
	release(&files->list[place]);
	files->count--;
	memmove(&files->list[place], &files->list[place + 1],
		(files->count - place) * sizeof(files->list[0]));
}

/* Takes the file over. False: there is no room for it. */
static bool keep(struct kept_files *files, size_t place, const char *path, int fd)
{
	struct kept_file file = { strdup(path), fd, files->round };

	if (!file.path || files->count >= files->most || !list_add(files)) {
		free(file.path);
		return false;
	}
	memmove(&files->list[place + 1], &files->list[place],
		(files->count - 1 - place) * sizeof(files->list[0]));
	files->list[place] = file;
	return true;
}

static ssize_t read_text(int fd, char *text, size_t size)
{
	ssize_t got;

	do
		got = pread(fd, text, size - 1, 0);
	while (got < 0 && errno == EINTR);
	text[got > 0 ? got : 0] = '\0';
	return got < 0 ? -errno : got;
}

static ssize_t open_and_read(struct kept_files *files, size_t place, const char *path, char *text,
			     size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read_text(fd, text, size);
	if (got < 0 || !keep(files, place, path, fd))
		close(fd);
	return got;
}

ssize_t kept_files__read(struct kept_files *files, char *text, size_t size, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	size_t place;
	ssize_t got;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	place = find_place(files, path);
	if (place == files->count || strcmp(files->list[place].path, path) != 0)
		return open_and_read(files, place, path, text, size);
	got = read_text(files->list[place].fd, text, size);
	if (got >= 0) {
		files->list[place].round = files->round;
		return got;
	}
	remove_at(files, place);
	return open_and_read(files, place, path, text, size);
}

void kept_files__sweep(struct kept_files *files)
{
	size_t kept = 0;

	for (size_t i = 0; i < files->count; i++) {
		if (files->list[i].round == files->round)
			files->list[kept++] = files->list[i];
		else
			release(&files->list[i]);
	}
	files->count = kept;
	files->round++;
}
