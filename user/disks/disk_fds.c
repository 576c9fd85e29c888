// SPDX-License-Identifier: GPL-2.0-only
/* Finds the open file of a VMM that each of its disks is in. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disks/disk_internal.h"
#include "disks/mount.h"
#include "disks/open_files.h"
#include "host/proc.h"
#include "model/io.h"

#define SECTOR_SIZE 512
#define SYS "/sys"

static const char fdset[] = "/dev/fdset/";

/*
 * The open file of this name, or NULL. Only QEMU can tell what a set of fds holds: the numbers on
 * its command line were closed when QEMU had copied them, and may be other files by now.
 */
static struct open_file *find(struct open_files *files, const char *path)
{
	return strncmp(path, fdset, strlen(fdset)) != 0 ? open_files__find(files, path) : NULL;
}

static uint64_t device_size(uint32_t dev)
{
	char text[32];

	if (read_file(text, sizeof(text), "/sys/dev/block/%u:%u/size", IO_DEV_MAJOR(dev),
		      IO_DEV_MINOR(dev)) <= 0)
		return 0;
	return strtoull(text, NULL, 10) * SECTOR_SIZE;
}

/*
 * For a file on a file system with a device number of its own, that number; otherwise what
 * mountinfo tells.
 */
static void set_place(struct disk *disk, const struct open_files *files,
		      const struct open_file *file)
{
	static const char memory[] = "/memfd:";
	struct mount_place place = { .dev = file->identity.dev };

	if (!IO_DEV_MAJOR(place.dev) && !strncmp(file->path, memory, strlen(memory)))
		place = (struct mount_place){ .no_device = true };
	else if (!IO_DEV_MAJOR(place.dev))
		mount__place(&place, files->proc, SYS, files->pid, file->mount);
	disk->dev = place.dev;
	disk->no_device = place.no_device;
}

static uint64_t size_of(const struct file_identity *identity, uint64_t file_bytes)
{
	return identity->block ? device_size(identity->dev) : file_bytes;
}

/* The size of other formats' files says nothing of a disk, and changes. */
static bool is_raw(const struct disk *disk)
{
	return !strcmp(disk->format, "raw");
}

static void fill_in(struct disk *disk, const struct open_files *files, const struct open_file *file)
{
	const struct file_identity *identity = &file->identity;

	/* The name that a person wrote says more than what it leads to, if it is complete. */
	if (disk->path[0] != '/' || !strncmp(disk->path, fdset, strlen(fdset)))
		strcpy(disk->path, file->path);
	disk->backing = identity->block ? DISK_BLOCK : DISK_FILE;
	set_place(disk, files, file);
	disk->direct = file->direct;
	disk->opened = (struct disk_opened){ .known = true, .fd = file->fd, .identity = *identity };
	if (is_raw(disk))
		disk->opened.size_bytes = size_of(identity, file->size_bytes);
	/* What the monitor said stays. */
	if (!disk->size_bytes)
		disk->size_bytes = disk->opened.size_bytes;
}

static bool has_same_file(const struct disk *disk, const struct disks *disks)
{
	const struct disk_opened *opened = &disk->opened;
	struct file_identity identity;
	uint64_t bytes;

	return !opened->known ||
	       (open_file__identify(&identity, &bytes, disks->proc, disks->pid, opened->fd) &&
		file_identity__same(&identity, &opened->identity) &&
		(!is_raw(disk) || size_of(&identity, bytes) == opened->size_bytes));
}

bool disks__have_same_files(const struct disks *disks)
{
	for (size_t i = 0; i < disks->count; i++)
		if (!has_same_file(&disks->list[i], disks))
			return false;
	return true;
}

/* Marks what the command line names but is no disk: firmware, and layers below the active one. */
static void mark_others(struct open_files *files, const struct options *options)
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
				find(files, json_string_value(value));
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

/*
 * Firecracker gets its disks by its API: all of its files are disks, except those that it uses
 * itself.
 */
static bool gets_disks_by_api(const char *cmdline, size_t size)
{
	const char *slash = size ? strrchr(cmdline, '/') : NULL;

	return size && !strncmp(slash ? slash + 1 : cmdline, "firecracker", strlen("firecracker"));
}

static bool is_in_arguments(const char *cmdline, size_t size, const char *path)
{
	for (const char *word = cmdline; word < cmdline + size; word += strlen(word) + 1) {
		const char *value = *word == '-' ? strchr(word, '=') : NULL;

		if (!strcmp(value ? value + 1 : word, path))
			return true;
	}
	return false;
}

static bool begins_with_one(const char *const *list, const char *text)
{
	for (; *list; list++)
		if (!strncmp(text, *list, strlen(*list)))
			return true;
	return false;
}

/*
 * The other files of a microVM: its kernel, logs and snapshots, and files that cannot be a disk's.
 */
static bool is_disk_by_api(const struct open_file *file, const char *cmdline, size_t size)
{
	static const char *const places[] = { "/proc/",		 "/sys/",	   "/memfd:",
					      "/dev/hugepages/", "/anon_hugepage", NULL };
	static const char *const names[] = {
		"vmlinu", "bzImage", "Image", "kernel", "initr", NULL
	};
	static const char *const endings[] = { ".log",	".json", ".metrics", ".fifo",
					       ".pid",	".mem",	 ".cpio",    ".vmstate",
					       ".snap", ".txt",	 ".snapshot" };
	const char *name = strrchr(file->path, '/') + 1, *dot = strrchr(name, '.');

	if (!file->read || begins_with_one(places, file->path) || begins_with_one(names, name))
		return false;
	for (size_t i = 0; dot && i < sizeof(endings) / sizeof(endings[0]); i++)
		if (!strcmp(dot, endings[i]))
			return false;
	return !is_in_arguments(cmdline, size, file->path);
}

/* If a file is open twice, the first of its group counts. */
static bool is_seen(const struct open_files *files, const struct open_file *file)
{
	const struct open_file *first = open_files__group(files, file);

	return first->named || first != file;
}

static void add_unnamed(struct disks *disks, const struct open_files *files, const char *cmdline,
			size_t size)
{
	bool by_api = gets_disks_by_api(cmdline, size);

	for (size_t i = 0; i < files->count; i++) {
		const struct open_file *file = &files->list[i];
		bool wanted = file->write && (file->identity.block || has_image_name(file->path));
		struct disk *disk;

		if (by_api)
			wanted = is_disk_by_api(file, cmdline, size);
		if (!wanted || is_seen(files, file))
			continue;
		disk = disks__add(disks);
		if (!disk)
			continue;
		if (by_api)
			strcpy(disk->format, "raw"); /* it knows no other */
		fill_in(disk, files, file);
		copy_printable(disk->name, sizeof(disk->name), strrchr(file->path, '/') + 1);
	}
}

static void fill_in_all(struct disks *disks, struct open_files *files)
{
	for (size_t i = 0; i < disks->count; i++) {
		struct disk *disk = &disks->list[i];
		const struct open_file *file = NULL;

		if (!disk->dev && disk->backing <= DISK_FILE && disk->path[0])
			file = find(files, disk->path);
		if (file)
			fill_in(disk, files, file);
	}
}

int disks__read_fds(struct disks *disks, const struct options *options, const char *cmdline,
		    size_t size)
{
	struct open_files files;
	int error = open_files__read(&files, disks->proc, disks->pid);

	if (!error) {
		fill_in_all(disks, &files);
		mark_others(&files, options);
		add_unnamed(disks, &files, cmdline, size);
		disks->refused += files.refused;
	}
	open_files__free(&files);
	return error;
}

/* Which file of a set QEMU uses: the mode in which it has to be open tells. */
static const struct open_file *find_in_set(const struct open_files *files,
					   const struct disk_file *wanted)
{
	const struct open_file *best = NULL;
	const json_t *one;
	size_t index;

	json_array_foreach(wanted->fds, index, one)
	{
		const struct open_file *file =
			open_files__at_fd(files, json_integer_value(json_object_get(one, "fd")));

		/* cppcheck-suppress knownConditionTrueFalse ; it does not see the loop */
		if (file && (!best || file->write == !wanted->read_only))
			best = file;
	}
	return best;
}

int disks__find_files(struct disks *disks, const struct disk_file wanted[DISKS_MAX])
{
	struct open_files files = { 0 };
	int error = disks->proc ? open_files__read(&files, disks->proc, disks->pid) : 0;

	for (size_t i = 0; !error && i < disks->count; i++) {
		struct disk *disk = &disks->list[i];
		const struct open_file *file = NULL;

		if (disk->dev || disk->backing > DISK_FILE || !disk->path[0])
			continue;
		if (wanted[i].fds)
			file = find_in_set(&files, &wanted[i]);
		else
			file = find(&files, wanted[i].name ? wanted[i].name : disk->path);
		if (file)
			fill_in(disk, &files, file);
	}
	disks->refused += files.refused;
	open_files__free(&files);
	return error;
}
