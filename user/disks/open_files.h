/* SPDX-License-Identifier: GPL-2.0-only */
/* The regular files and block devices that a process has open. */
#ifndef KVMQ_OPEN_FILES_H
#define KVMQ_OPEN_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disks/disk.h"

/* What tells one file from another, whatever it is called. */
struct file_identity {
	uint32_t dev; /* of its file system; of a device: its own */
	uint64_t inode;
	bool block;
};

struct open_file {
	struct file_identity identity;
	int fd;
	int mount; /* its number in mountinfo; 0: not known */
	bool read, write;
	bool direct;
	bool named;   /* by the command line */
	bool deleted; /* or replaced: the path is what it was called */
	bool cut;     /* the path is longer than what is kept */
	uint64_t size_bytes;
	char path[DISK_PATH_SIZE];
};

struct open_files {
	const char *proc;
	uint32_t pid;
	struct open_file *list; /* by fd */
	size_t count;
};

/* Returns 0 or -errno (-ESRCH: it has gone; -E2BIG: too many); ends with open_files__free(). */
int open_files__read(struct open_files *files, const char *proc, uint32_t pid);
void open_files__free(struct open_files *files);

bool file_identity__is(const struct file_identity *a, const struct file_identity *b);

/*
 * What a name leads to, as the process itself would find it: below its own root and folder.
 * Returns whether that is a regular file or a block device.
 */
bool open_files__look_up(const struct open_files *files, const char *path,
			 struct file_identity *identity);

/* An open file of exactly this name, which need not be looked up then; or NULL. */
const struct open_file *open_files__named(const struct open_files *files, const char *path);

#endif
