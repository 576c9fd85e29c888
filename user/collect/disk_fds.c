// SPDX-License-Identifier: GPL-2.0-only
/* Which files a VMM really has open, and which of its disks is in which. */
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

#include "base/units.h"
#include "collect/disk_internal.h"
#include "collect/io.h"
#include "collect/proc.h"

#define SECTOR_SIZE 512
#define FILES_MAX 4096 /* each is compared with each */

static const char deleted_suffix[] = " (deleted)";
static const char fdset[] = "/dev/fdset/";

/* What tells one file from another, whatever it is called. */
struct identity_of_file {
	uint32_t dev; /* of its file system; of a device: its own */
	uint64_t inode;
	bool block;
};

struct open_file {
	struct identity_of_file identity;
	int fd;
	bool write;
	bool direct;
	bool named; /* by the command line */
	uint64_t size_bytes;
	char path[DISK_PATH_SIZE];
};

struct open_files {
	const char *proc;
	uint32_t pid;
	struct open_file *list; /* by fd */
	size_t count;
};

static bool identify(struct identity_of_file *identity, const struct statx *file)
{
	*identity = (struct identity_of_file){ .block = S_ISBLK(file->stx_mode) };
	if (identity->block) {
		identity->dev = IO_DEV(file->stx_rdev_major, file->stx_rdev_minor);
		return true;
	}
	identity->dev = IO_DEV(file->stx_dev_major, file->stx_dev_minor);
	identity->inode = file->stx_ino;
	return S_ISREG(file->stx_mode);
}

static bool is_same(const struct identity_of_file *a, const struct identity_of_file *b)
{
	return a->block == b->block && a->dev == b->dev && a->inode == b->inode;
}

static void read_flags(const struct open_files *files, struct open_file *file)
{
	static const char name[] = "flags:";
	char text[4096], *line;
	unsigned long flags;

	if (read_file(text, sizeof(text), "%s/%u/fdinfo/%d", files->proc, files->pid, file->fd) <=
	    0)
		return;
	line = strstr(text, name);
	if (!line)
		return;
	flags = strtoul(line + strlen(name), NULL, 8);
	file->write = (flags & O_ACCMODE) != O_RDONLY;
	file->direct = flags & O_DIRECT;
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
	if ((size_t)length > strlen(deleted_suffix) &&
	    !strcmp(target + length - strlen(deleted_suffix), deleted_suffix))
		target[length - (ssize_t)strlen(deleted_suffix)] = '\0';
	copy_printable(file->path, sizeof(file->path), target);
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

static int read_all(struct open_files *files)
{
	struct open_file file;
	struct dirent *entry;
	char path[PATH_MAX];
	int error = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/%u/fd", files->proc, files->pid);
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

/* A name as the VMM's process would find it: below its own root and folder. */
static bool look_up(const struct open_files *files, const char *path,
		    struct identity_of_file *identity)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS };
	bool absolute = *path == '/', found = false;
	char start[PATH_MAX];
	struct statx statx_of;
	int folder, file;

	if (absolute)
		how.resolve |= RESOLVE_IN_ROOT;
	snprintf(start, sizeof(start), "%s/%u/%s", files->proc, files->pid,
		 absolute ? "root" : "cwd");
	folder = open(start, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return false;
	file = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
	if (file >= 0) {
		found = !statx(file, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS,
			       &statx_of) &&
			identify(identity, &statx_of);
		close(file);
	}
	close(folder);
	return found;
}

/* The fds that QEMU was handed as /dev/fdset/N. */
static bool is_in_set(const struct options *options, const char *set, const struct open_file *file)
{
	for (size_t i = 0; i < options->count; i++) {
		const struct option *option = &options->list[i];
		const char *number = option__get(option->values, "", "set");
		const char *fd = option__get(option->values, "", "fd");
		uint64_t value;

		if (option->kind == OPTION_FD && number && fd && !strcmp(number, set) &&
		    !parse_number(fd, 0, INT_MAX, &value) && (int)value == file->fd)
			return true;
	}
	return false;
}

/*
 * The open file of this name, or NULL: the one that can be written, if there are several.
 * Marks all of them as named.
 */
static struct open_file *find(const struct open_files *files, const struct options *options,
			      const char *path)
{
	bool in_set = !strncmp(path, fdset, strlen(fdset));
	struct identity_of_file identity;
	struct open_file *best = NULL;
	bool known = !in_set && look_up(files, path, &identity);

	for (size_t i = 0; i < files->count; i++) {
		struct open_file *file = &files->list[i];

		/* Deleted, or replaced by another: it is what it was called. A name that is
		 * cut off is none. */
		if (in_set ? !is_in_set(options, path + strlen(fdset), file)
			   : !(known && is_same(&identity, &file->identity)) &&
				     (strcmp(path, file->path) != 0 ||
				      strlen(path) >= DISK_PATH_SIZE - 1))
			continue;
		file->named = true;
		if (!best || (file->write && !best->write))
			best = file;
	}
	return best;
}

static uint64_t device_size(uint32_t dev)
{
	char text[32];

	if (read_file(text, sizeof(text), "/sys/dev/block/%u:%u/size", IO_DEV_MAJOR(dev),
		      IO_DEV_MINOR(dev)) <= 0)
		return 0;
	return strtoull(text, NULL, 10) * SECTOR_SIZE;
}

static void fill_in(struct disk *disk, const struct open_file *file)
{
	const struct identity_of_file *identity = &file->identity;

	/* What a person wrote says more than what it leads to, if it is complete. */
	if (disk->path[0] != '/' || !strncmp(disk->path, fdset, strlen(fdset)))
		strcpy(disk->path, file->path);
	disk->backing = identity->block ? DISK_BLOCK : DISK_FILE;
	/* btrfs and others do not tell which devices they are on. */
	disk->dev = IO_DEV_MAJOR(identity->dev) ? identity->dev : 0;
	disk->direct = file->direct;
	if (!strcmp(disk->format, "raw"))
		disk->size_bytes = identity->block ? device_size(identity->dev) : file->size_bytes;
}

/* Marks what the command line names but is no disk: firmware, layers below the active one. */
static void mark_others(const struct open_files *files, const struct options *options)
{
	for (size_t i = 0; i < options->count; i++) {
		const struct option *option = &options->list[i];
		const char *key;
		json_t *value;

		if (option->kind != OPTION_DRIVE && option->kind != OPTION_BLOCKDEV)
			continue;
		json_object_foreach(option->values, key, value)
		{
			const char *dot = strrchr(key, '.');
			const char *last = dot ? dot + 1 : key;

			if (!strcmp(last, "filename") || !strcmp(last, "file"))
				find(files, options, json_string_value(value));
		}
	}
}

static bool has_image_name(const char *path)
{
	static const char *const endings[] = {
		"raw", "img", "qcow2", "qcow", "qed", "vmdk", "vdi", "vhd", "vhdx", "ext4",
	};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof(endings) / sizeof(endings[0]); i++)
		if (!strcmp(dot + 1, endings[i]))
			return true;
	return false;
}

static bool is_seen(const struct open_files *files, const struct open_file *file)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct open_file *other = &files->list[i];

		if (is_same(&other->identity, &file->identity) &&
		    (other->named || (other->write && other->fd < file->fd)))
			return true;
	}
	return false;
}

static void add_unnamed(struct disks *disks, const struct open_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct open_file *file = &files->list[i];
		struct disk *disk;

		if (!file->write || !(file->identity.block || has_image_name(file->path)) ||
		    is_seen(files, file))
			continue;
		disk = disks__add(disks);
		if (!disk)
			continue;
		fill_in(disk, file);
		copy_printable(disk->name, sizeof(disk->name), strrchr(file->path, '/') + 1);
	}
}

static void fill_in_all(struct disks *disks, const struct open_files *files,
			const struct options *options)
{
	for (size_t i = 0; i < disks->count; i++) {
		struct disk *disk = &disks->list[i];
		const struct open_file *file = NULL;

		if (!disk->dev && disk->backing <= DISK_FILE && disk->path[0])
			file = find(files, options, disk->path);
		if (file)
			fill_in(disk, file);
	}
}

int disks__read_fds(struct disks *disks, const struct options *options)
{
	struct open_files files = { .proc = disks->proc, .pid = disks->pid };
	int error = read_all(&files);

	if (!error) {
		fill_in_all(disks, &files, options);
		mark_others(&files, options);
		add_unnamed(disks, &files);
	}
	free(files.list);
	return error;
}

int disks__find_files(struct disks *disks)
{
	static const struct options none;
	struct open_files files = { .proc = disks->proc, .pid = disks->pid };
	int error = disks->proc ? read_all(&files) : 0;

	if (!error)
		fill_in_all(disks, &files, &none);
	free(files.list);
	return error;
}
