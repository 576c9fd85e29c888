// SPDX-License-Identifier: GPL-2.0-only
#include "disks/open_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"
#include "host/proc.h"
#include "model/io.h"

#define FILES_MAX 4096 /* each is compared with each */

static const char deleted_suffix[] = " (deleted)";

static bool identify(struct file_identity *identity, const struct statx *file)
{
	*identity = (struct file_identity){ .block = S_ISBLK(file->stx_mode) };
	if (identity->block) {
		identity->dev = IO_DEV(file->stx_rdev_major, file->stx_rdev_minor);
		return true;
	}
	identity->dev = IO_DEV(file->stx_dev_major, file->stx_dev_minor);
	identity->inode = file->stx_ino;
	return S_ISREG(file->stx_mode);
}

bool file_identity__is(const struct file_identity *a, const struct file_identity *b)
{
	return a->block == b->block && a->dev == b->dev && a->inode == b->inode;
}

/* A line of fdinfo, or NULL. */
static const char *find_line(const char *text, const char *name)
{
	const char *line = strstr(text, name);

	return line ? line + strlen(name) : NULL;
}

static void read_flags(const struct open_files *files, struct open_file *file)
{
	char text[4096];
	const char *flags, *mount;

	if (read_file(text, sizeof(text), "%s/%u/fdinfo/%d", files->proc, files->pid, file->fd) <=
	    0)
		return;
	flags = find_line(text, "flags:");
	mount = find_line(text, "mnt_id:");
	if (flags) {
		unsigned long bits = strtoul(flags, NULL, 8);

		file->read = (bits & O_ACCMODE) != O_WRONLY;
		file->write = (bits & O_ACCMODE) != O_RDONLY;
		file->direct = bits & O_DIRECT;
	}
	if (mount)
		file->mount = atoi(mount);
}

static void set_path(struct open_file *file, char *target, size_t length)
{
	size_t suffix = strlen(deleted_suffix);

	if (length > suffix && !strcmp(target + length - suffix, deleted_suffix)) {
		target[length - suffix] = '\0';
		file->deleted = true;
	}
	text_copy(file->path, sizeof(file->path), target, strlen(target));
	file->cut = target[strlen(file->path)];
}

/* Returns whether it is a file that a disk can be in. */
static bool read_open_file(const struct open_files *files, struct open_file *file, int folder,
			   const char *name)
{
	char target[PATH_MAX];
	struct statx statx_of;
	ssize_t length = readlinkat(folder, name, target, sizeof(target) - 1);

	if (length <= 0 || target[0] != '/')
		return false;
	target[length] = '\0';
	/* A server of files that has gone must not hold us: what is known here will do. */
	if (statx(folder, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &statx_of))
		return false;
	*file = (struct open_file){ .fd = atoi(name) };
	if (!identify(&file->identity, &statx_of))
		return false;
	file->size_bytes = statx_of.stx_size;
	set_path(file, target, (size_t)length);
	read_flags(files, file);
	return true;
}

static int add(struct open_files *files, const struct open_file *file)
{
	void *list = files->list;

	if (files->count == FILES_MAX)
		return -E2BIG;
	if (!(files->count & (files->count - 1)))
		list = reallocarray(list, files->count ? files->count * 2 : 1, sizeof(*file));
	if (!list)
		return -ENOMEM;
	files->list = list;
	files->list[files->count++] = *file;
	return 0;
}

static int by_fd(const void *a, const void *b)
{
	const struct open_file *x = a, *y = b;

	return (x->fd > y->fd) - (x->fd < y->fd);
}

int open_files__read(struct open_files *files, const char *proc, uint32_t pid)
{
	struct open_file file;
	struct dirent *entry;
	char path[PATH_MAX];
	int error = 0;
	DIR *folder;

	*files = (struct open_files){ .proc = proc, .pid = pid };
	snprintf(path, sizeof(path), "%s/%u/fd", proc, pid);
	folder = opendir(path);
	if (!folder)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!error && (entry = readdir(folder)))
		if (read_open_file(files, &file, dirfd(folder), entry->d_name))
			error = add(files, &file);
	closedir(folder);
	if (files->count)
		qsort(files->list, files->count, sizeof(file), by_fd);
	return error;
}

void open_files__free(struct open_files *files)
{
	free(files->list);
	*files = (struct open_files){ 0 };
}

/*
 * A file that is open has its name in the kernel's cache, and is found there without asking a
 * server of files that may have gone.
 */
static int open_name(int folder, const char *path, uint64_t resolve)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = resolve | RESOLVE_NO_MAGICLINKS | RESOLVE_CACHED };
	int file = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));

	/* EINVAL: before 5.12. */
	if (file >= 0 || (errno != EAGAIN && errno != EINVAL))
		return file;
	how.resolve &= ~(uint64_t)RESOLVE_CACHED;
	return (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
}

bool open_files__look_up(const struct open_files *files, const char *path,
			 struct file_identity *identity)
{
	bool absolute = *path == '/', found = false;
	char start[PATH_MAX];
	struct statx statx_of;
	int folder, file;

	snprintf(start, sizeof(start), "%s/%u/%s", files->proc, files->pid,
		 absolute ? "root" : "cwd");
	folder = open(start, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return false;
	file = open_name(folder, path, absolute ? RESOLVE_IN_ROOT : 0);
	if (file >= 0) {
		found = !statx(file, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS,
			       &statx_of) &&
			identify(identity, &statx_of);
		close(file);
	}
	close(folder);
	return found;
}

/* The kernel tells names from its own root; a process in another one means other files. */
static bool has_own_root(const struct open_files *files)
{
	char path[PATH_MAX], target[2];

	snprintf(path, sizeof(path), "%s/%u/root", files->proc, files->pid);
	return readlink(path, target, sizeof(target)) != 1;
}

const struct open_file *open_files__named(const struct open_files *files, const char *path)
{
	const struct open_file *found = NULL;

	for (size_t i = 0; i < files->count && !found; i++) {
		const struct open_file *file = &files->list[i];

		if (!file->deleted && !file->cut && !strcmp(file->path, path))
			found = file;
	}
	return found && !has_own_root(files) ? found : NULL;
}
