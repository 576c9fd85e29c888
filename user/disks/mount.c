// SPDX-License-Identifier: GPL-2.0-only
#include "disks/mount.h"

#include <dirent.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "host/mountinfo.h"
#include "host/proc.h"
#include "model/io.h"

#define MOUNTS_MAX 32768 /* of a process: a user may have any number in a namespace of his own */

/* Requests for files in them never reach a block device of this host. */
static const char *const elsewhere[] = {
	"tmpfs",     "ramfs",	       "hugetlbfs",  "devtmpfs", "nfs",	     "nfs4",
	"cifs",	     "smb3",	       "ceph",	     "9p",	 "virtiofs", "afs",
	"lustre",    "orangefs",       "coda",	     "ncpfs",	 "beegfs",   "gpfs",
	"glusterfs", "fuse.glusterfs", "fuse.sshfs", NULL,
};

/* They answer without a server, and only root mounts them. */
static const char *const local[] = {
	"ext2",	    "ext3",   "ext4", "xfs",	  "btrfs", "f2fs",     "zfs", "tmpfs",
	"devtmpfs", "rootfs", "vfat", "squashfs", "erofs", "bcachefs", NULL,
};

static bool is_one_of(const char *const *list, const char *type)
{
	for (; *list; list++)
		if (!strcmp(*list, type))
			return true;
	return false;
}

/* Whether this is a device of the btrfs file system; *count: how many it has. */
static bool has_device(const char *sys, const char *uuid, uint32_t dev, size_t *count)
{
	char path[PATH_MAX], text[32];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	*count = 0;
	snprintf(path, sizeof(path), "%s/fs/btrfs/%s/devices", sys, uuid);
	folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		unsigned int major_number, minor_number;

		if (read_file(text, sizeof(text), "%s/%s/dev", path, entry->d_name) <= 0 ||
		    sscanf(text, "%u:%u", &major_number, &minor_number) != 2)
			continue;
		found |= IO_DEV(major_number, minor_number) == dev;
		++*count;
	}
	if (folder)
		closedir(folder);
	return found;
}

/* The source is a name of the kernel's: that of one of the file system's devices. */
static uint32_t btrfs_device(const char *sys, const char *source)
{
	char path[PATH_MAX];
	struct dirent *entry;
	struct stat stat_of;
	uint32_t dev, found = 0;
	size_t count;
	DIR *folder;

	if (strncmp(source, "/dev/", strlen("/dev/")) != 0 || stat(source, &stat_of) ||
	    !S_ISBLK(stat_of.st_mode))
		return 0;
	dev = IO_DEV(major(stat_of.st_rdev), minor(stat_of.st_rdev));
	snprintf(path, sizeof(path), "%s/fs/btrfs", sys);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder)))
		if (has_device(sys, entry->d_name, dev, &count) && count == 1)
			found = dev;
	if (folder)
		closedir(folder);
	return found;
}

/*
 * The mount with a number; its parts are in the returned line, which is to be freed. NULL: there is
 * none, or too many come before it.
 */
static char *find_mount(const char *proc, uint32_t pid, int id, struct mountinfo *mount)
{
	char path[PATH_MAX], *line = NULL;
	bool found = false;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%u/mountinfo", proc, pid);
	file = fopen(path, "re");
	for (int i = 0; file && !found && i < MOUNTS_MAX && getline(&line, &size, file) > 0; i++)
		found = mountinfo__parse(mount, line) && mount->id == id;
	if (file)
		fclose(file);
	if (found)
		return line;
	free(line);
	return NULL;
}

void mount__place(struct mount_place *place, const char *proc, const char *sys, uint32_t pid,
		  int mount)
{
	struct mountinfo found;
	char *line = find_mount(proc, pid, mount, &found);

	*place = (struct mount_place){ .dev = 0 };
	if (line && is_one_of(elsewhere, found.type)) {
		place->no_device = true;
	} else if (line && !strcmp(found.type, "btrfs")) {
		mountinfo__unescape(found.source);
		place->dev = btrfs_device(sys, found.source);
	}
	free(line);
}

bool mount__is_local(const char *proc, uint32_t pid, int mount)
{
	struct mountinfo found;
	char *line = find_mount(proc, pid, mount, &found);
	bool is = line && is_one_of(local, found.type);

	free(line);
	return is;
}
