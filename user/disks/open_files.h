/* SPDX-License-Identifier: GPL-2.0-only */
/* The regular files and block devices that a process has open. */
#ifndef KVMQ_OPEN_FILES_H
#define KVMQ_OPEN_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disks/disk.h"
#include "disks/look_up.h"

struct open_file {
	struct file_identity identity;
	int fd;
	int mount; /* its number in mountinfo; 0: not known */
	bool read, write;
	bool direct;
	bool named;	 /* by the command line: of the first of its group */
	bool path_named; /* all files of its path are marked: of the first of them */
	bool deleted;	 /* or replaced: the path is its former name */
	bool cut;	 /* the path is longer than what is kept */
	uint64_t size_bytes;
	char path[DISK_PATH_SIZE];
};

/*
 * A process may have thousands of files open, and name as many, so there are two orders to search
 * in. A group is all descriptors of one file; its first is one that can be written to, or else the
 * one with the lowest fd.
 */
struct open_files {
	const char *proc;
	uint32_t pid;
	struct open_file *list; /* by fd */
	struct open_file **by_identity;
	struct open_file **by_path; /* those that are not cut */
	size_t count, path_count;
	bool own_root; /* its names are not ours */
	struct look_up look_up;
	size_t refused; /* names that were not looked up: too many were */
};

/*
 * Returns 0 or -errno (-ESRCH: it has gone; -E2BIG: too many); ends with open_files__free() in
 * either case.
 */
int open_files__read(struct open_files *files, const char *proc, uint32_t pid);
void open_files__free(struct open_files *files);

/*
 * Which file a process has open at fd, of a kind that a disk can be in; *size_bytes: if it is a
 * regular one. False: none.
 */
bool open_file__identify(struct file_identity *identity, uint64_t *size_bytes, const char *proc,
			 uint32_t pid, int fd);

bool file_identity__same(const struct file_identity *a, const struct file_identity *b);

/* The first file of a file's group. */
struct open_file *open_files__group(const struct open_files *files, const struct open_file *file);

struct open_file *open_files__at_fd(const struct open_files *files, json_int_t fd);

/*
 * The first of the group that a name leads to, as the process itself would find it, below its own
 * root and folder, without asking a file server; otherwise the first that has, or had, that name;
 * or NULL. All that it may mean are marked as named.
 */
struct open_file *open_files__find(struct open_files *files, const char *path);

#endif
