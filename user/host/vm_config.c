// SPDX-License-Identifier: GPL-2.0-only
#include "host/vm_config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/text.h"
#include "base/units.h"
#include "host/proc.h"

#define GROUPS_MAX 256
#define LINE_SIZE 1024 /* QEMU takes no longer ones */
#define LINES_MAX 10000
#define BYTES_MAX (1U << 20)
#define STEPS_MAX 128 /* of a path */
#define TIME_MAX_NS (100 * NSEC_PER_MSEC)

#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif

/* include/uapi/linux/capability.h: with either, a process may read any file */
#define READS_ALL (1ULL << 1 | 1ULL << 2) /* CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH */

/* With which rights a process opens files. */
struct reader {
	unsigned int owner; /* who started it */
	unsigned int uid, gid;
	unsigned int groups[GROUPS_MAX]; /* more are left out: then the file may seem forbidden */
	size_t group_count;
	bool reads_all;
};

static const char *find_field(const char *status, const char *name)
{
	const char *field = strstr(status, name);

	return field ? field + strlen(name) : "";
}

static bool read_reader(struct reader *reader, const char *proc, uint32_t pid)
{
	char status[16384], *end;
	const char *groups;

	*reader = (struct reader){ 0 };
	if (read_file(status, sizeof(status), "%s/%u/status", proc, pid) < 0 ||
	    sscanf(find_field(status, "\nUid:"), "%u %*u %*u %u", &reader->owner, &reader->uid) !=
		    2 ||
	    sscanf(find_field(status, "\nGid:"), "%*u %*u %*u %u", &reader->gid) != 1)
		return false;
	groups = find_field(status, "\nGroups:");
	while (reader->group_count < GROUPS_MAX && (*groups == ' ' || *groups == '\t')) {
		unsigned long gid = strtoul(groups, &end, 10);

		if (end == groups)
			break;
		reader->groups[reader->group_count++] = (unsigned int)gid;
		groups = end;
	}
	/*
	 * Only root's count: in a user namespace a process has all, and they mean nothing outside.
	 */
	reader->reads_all =
		!reader->uid && strtoull(find_field(status, "\nCapEff:"), NULL, 16) & READS_ALL;
	return true;
}

static bool is_in_group(const struct reader *reader, unsigned int gid)
{
	bool found = reader->gid == gid;

	for (size_t i = 0; i < reader->group_count && !found; i++)
		found = reader->groups[i] == gid;
	return found;
}

/* An access control list may take away what the mode gives. */
static bool has_list(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return getxattr(path, "system.posix_acl_access", NULL, 0) >= 0;
}

/* mode is one of S_IROTH and S_IXOTH. */
static bool may(const struct reader *reader, int fd, const struct stat *status, mode_t mode)
{
	if (reader->reads_all)
		return true;
	if (has_list(fd))
		return false;
	if (status->st_uid == reader->uid)
		return status->st_mode & mode << 6;
	if (is_in_group(reader, status->st_gid))
		return status->st_mode & mode << 3;
	return status->st_mode & mode;
}

/* Whoever opens such a file sees what that process may see, not what the mode says. */
static bool is_special(int fd)
{
	static const long special[] = { PROC_SUPER_MAGIC, SYSFS_MAGIC,	    DEBUGFS_MAGIC,
					TRACEFS_MAGIC,	  SECURITYFS_MAGIC, BPF_FS_MAGIC,
					FUSE_SUPER_MAGIC };
	struct statfs status;

	if (fstatfs(fd, &status))
		return true;
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (status.f_type == special[i])
			return true;
	return false;
}

/* One step of a path. Closes folder; returns the next fd or -errno. */
static int take_step(const struct reader *reader, int folder, const char *name)
{
	struct stat status;
	int next = -EACCES;

	if (fstat(folder, &status))
		next = -errno;
	else if (!strcmp(name, ".."))
		next = -EINVAL;
	else if (may(reader, folder, &status, S_IXOTH)) {
		next = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			next = -errno;
	}
	close(folder);
	return next;
}

/* Opens the end of a path (O_PATH), through real folders only, or returns -errno. */
static int walk(const struct reader *reader, const char *proc, uint32_t pid, const char *path)
{
	char start[PATH_MAX], steps[PATH_MAX], *rest = steps, *name;
	int fd, count = 0;

	if (strlen(path) >= sizeof(steps))
		return -ENAMETOOLONG;
	strcpy(steps, path);
	snprintf(start, sizeof(start), "%s/%u/%s", proc, pid, path[0] == '/' ? "root" : "cwd");
	fd = open(start, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (fd >= 0 && (name = strsep(&rest, "/")))
		if (*name && strcmp(name, ".") && ++count <= STEPS_MAX)
			fd = take_step(reader, fd, name);
	if (fd < 0 || count <= STEPS_MAX)
		return fd;
	close(fd);
	return -ENAMETOOLONG;
}

/* Opens it again for reading, if the process may. Closes fd. */
static int open_file(const struct reader *reader, int fd)
{
	struct stat status;
	char path[64];
	int file = -EACCES;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!fstat(fd, &status) && S_ISREG(status.st_mode) && may(reader, fd, &status, S_IROTH) &&
	    !is_special(fd)) {
		file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (file < 0)
			file = -errno;
	}
	close(fd);
	return file;
}

/* As QEMU reads it: [GROUP] or [GROUP "ID"], and KEY = "VALUE" below. */
static int find_name(FILE *file, char name[VM_NAME_SIZE])
{
	char line[LINE_SIZE], group[64] = "", key[64], value[LINE_SIZE];
	int result = -ENOENT;
	size_t size = 0;

	for (int i = 0; i < LINES_MAX && size < BYTES_MAX && fgets(line, sizeof(line), file); i++) {
		size += strlen(line);
		if (line[0] == '[')
			sscanf(line, "[%63[^] ]", group);
		else if (!strcmp(group, "name") &&
			 sscanf(line, " %63[^= ] = \"%1023[^\"]\"", key, value) == 2 &&
			 !strcmp(key, "guest")) {
			text_copy(name, VM_NAME_SIZE, value, strlen(value));
			result = 0;
		}
	}
	return result;
}

static int read_name(const struct reader *reader, const char *proc, uint32_t pid, const char *path,
		     char name[VM_NAME_SIZE])
{
	int fd = walk(reader, proc, pid, path), result;
	FILE *file;

	if (fd >= 0)
		fd = open_file(reader, fd);
	if (fd < 0)
		return fd;
	file = fdopen(fd, "r");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	result = find_name(file, name);
	fclose(file);
	return result;
}

struct config_time {
	uint32_t uid;
	uint64_t spent_ns;
};

static struct config_time *time_of(struct config_times *times, uint32_t uid)
{
	struct config_time *time;

	for (size_t i = 0; i < times->count; i++)
		if (times->list[i].uid == uid)
			return &times->list[i];
	time = list_add(times);
	if (time)
		time->uid = uid;
	return time;
}

int vm_config__name(struct config_times *times, const char *proc, uint32_t pid, const char *path,
		    char name[VM_NAME_SIZE])
{
	uint64_t begin = clock_thread_cpu_ns();
	struct config_time *time;
	struct reader reader;
	int result;

	if (!read_reader(&reader, proc, pid))
		return -ESRCH;
	time = time_of(times, reader.owner);
	if (!time)
		return -ENOMEM;
	if (time->spent_ns >= TIME_MAX_NS)
		return -EDQUOT;
	result = read_name(&reader, proc, pid, path, name);
	time->spent_ns += clock_thread_cpu_ns() - begin;
	return result;
}
