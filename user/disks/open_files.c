// SPDX-License-Identifier: GPL-2.0-only
#include "disks/open_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "host/proc.h"
#include "model/io.h"

#define FILES_MAX 4096

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

static int compare_identities(const struct file_identity *a, const struct file_identity *b)
{
	if (a->block != b->block)
		return a->block - b->block;
	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	return (a->inode > b->inode) - (a->inode < b->inode);
}

bool file_identity__same(const struct file_identity *a, const struct file_identity *b)
{
	return !compare_identities(a, b);
}

/* A file server that has gone must not block us: what is known here is enough. */
static bool read_status(struct statx *status, int folder, const char *name)
{
	return !statx(folder, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS,
		      status);
}

bool open_file__identify(struct file_identity *identity, uint64_t *size_bytes, const char *proc,
			 uint32_t pid, int fd)
{
	struct statx status;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%u/fd/%d", proc, pid, fd);
	if (!read_status(&status, AT_FDCWD, path) || !identify(identity, &status))
		return false;
	*size_bytes = status.stx_size;
	return true;
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
	if (!read_status(&statx_of, folder, name))
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

static int by_use(const struct open_file *a, const struct open_file *b)
{
	return a->write != b->write ? b->write - a->write : by_fd(a, b);
}

static int by_identity(const void *a, const void *b)
{
	const struct open_file *const *x = a, *const *y = b;
	int order = compare_identities(&(*x)->identity, &(*y)->identity);

	return order ? order : by_use(*x, *y);
}

/* A deleted file comes after one that has the name now. */
static int by_path(const void *a, const void *b)
{
	const struct open_file *const *x = a, *const *y = b;
	int order = strcmp((*x)->path, (*y)->path);

	if (!order)
		order = (*x)->deleted - (*y)->deleted;
	return order ? order : by_use(*x, *y);
}

static int sort(struct open_files *files)
{
	if (!files->count)
		return 0;
	files->by_identity = calloc(files->count, sizeof(*files->by_identity));
	files->by_path = calloc(files->count, sizeof(*files->by_path));
	if (!files->by_identity || !files->by_path)
		return -ENOMEM;
	qsort(files->list, files->count, sizeof(files->list[0]), by_fd);
	for (size_t i = 0; i < files->count; i++) {
		files->by_identity[i] = &files->list[i];
		if (!files->list[i].cut)
			files->by_path[files->path_count++] = &files->list[i];
	}
	qsort(files->by_identity, files->count, sizeof(files->by_identity[0]), by_identity);
	if (files->path_count)
		qsort(files->by_path, files->path_count, sizeof(files->by_path[0]), by_path);
	return 0;
}

/* The kernel shows names from its own root; a process with another root means other files. */
static bool has_own_root(const struct open_files *files)
{
	char path[PATH_MAX], target[2];

	snprintf(path, sizeof(path), "%s/%u/root", files->proc, files->pid);
	return readlink(path, target, sizeof(target)) != 1;
}

int open_files__read(struct open_files *files, const char *proc, uint32_t pid)
{
	struct open_file file;
	struct dirent *entry;
	char path[PATH_MAX];
	int error = 0;
	DIR *folder;

	*files = (struct open_files){ .proc = proc, .pid = pid };
	look_up__begin(&files->look_up, proc, pid);
	snprintf(path, sizeof(path), "%s/%u/fd", proc, pid);
	folder = opendir(path);
	if (!folder)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!error && (entry = readdir(folder)))
		if (read_open_file(files, &file, dirfd(folder), entry->d_name))
			error = add(files, &file);
	closedir(folder);
	files->own_root = has_own_root(files);
	return error ? error : sort(files);
}

void open_files__free(struct open_files *files)
{
	if (files->proc)
		look_up__end(&files->look_up);
	free(files->list);
	free(files->by_identity);
	free(files->by_path);
	*files = (struct open_files){ 0 };
}

/* Returns 0 if the name leads to a regular file or a block device, or -errno. */
static int look_up(struct open_files *files, const char *path, struct file_identity *identity)
{
	int file = look_up__open(&files->look_up, path), error = 0;
	struct statx statx_of;

	if (file < 0)
		return file;
	if (statx(file, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &statx_of) ||
	    !identify(identity, &statx_of))
		error = -ENOENT;
	close(file);
	return error;
}

static struct open_file *find_identity(const struct open_files *files,
				       const struct file_identity *identity)
{
	size_t low = 0, high = files->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare_identities(&files->by_identity[middle]->identity, identity) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == files->count ||
	    compare_identities(&files->by_identity[low]->identity, identity) != 0)
		return NULL;
	return files->by_identity[low];
}

/* The first place of a path, or path_count. */
static size_t find_path(const struct open_files *files, const char *path)
{
	size_t low = 0, high = files->path_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(files->by_path[middle]->path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < files->path_count && strcmp(files->by_path[low]->path, path) != 0)
		low = files->path_count;
	return low;
}

struct open_file *open_files__group(const struct open_files *files, const struct open_file *file)
{
	return find_identity(files, &file->identity);
}

struct open_file *open_files__at_fd(const struct open_files *files, json_int_t fd)
{
	struct open_file key = { .fd = (int)fd };

	if (fd < 0 || fd > INT_MAX || !files->count)
		return NULL;
	return bsearch(&key, files->list, files->count, sizeof(key), by_fd);
}

/* If many have a name, it is looked up once. */
static void mark_path(const struct open_files *files, size_t first)
{
	const char *path;

	if (first == files->path_count || files->by_path[first]->path_named)
		return;
	path = files->by_path[first]->path;
	files->by_path[first]->path_named = true;
	for (size_t i = first; i < files->path_count; i++) {
		if (strcmp(files->by_path[i]->path, path) != 0)
			break;
		open_files__group(files, files->by_path[i])->named = true;
	}
}

struct open_file *open_files__find(struct open_files *files, const char *path)
{
	size_t place = find_path(files, path);
	struct open_file *called = place < files->path_count ? files->by_path[place] : NULL;
	struct open_file *found = NULL;
	struct file_identity identity;

	mark_path(files, place);
	if (called && !called->deleted && !files->own_root) {
		found = open_files__group(files, called);
	} else {
		int error = look_up(files, path, &identity);

		files->refused += error == -E2BIG;
		if (!error)
			found = find_identity(files, &identity);
	}
	if (!found)
		return called;
	found->named = true;
	return found;
}
