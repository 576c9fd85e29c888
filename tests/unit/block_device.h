/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_BLOCK_DEVICE_H
#define KVMQ_BLOCK_DEVICE_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

/* A block device of this machine, if there is one. */
static inline bool find_block_device(char *path, size_t size, struct stat *stat_of)
{
	struct dirent *entry;
	DIR *folder = opendir("/dev");
	bool found = false;

	while (folder && !found && (entry = readdir(folder))) {
		snprintf(path, size, "/dev/%s", entry->d_name);
		found = !lstat(path, stat_of) && S_ISBLK(stat_of->st_mode);
	}
	if (folder)
		closedir(folder);
	return found;
}

#endif
