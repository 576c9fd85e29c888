// SPDX-License-Identifier: GPL-2.0-only
#include "host/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/units.h"

#define FDS_MAX 4096	      /* a process may have a million, and a VMM opens its devices early */
#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

ssize_t read_file(char *text, size_t size, const char *format, ...)
{
	char path[PATH_MAX];
	size_t length = 0;
	va_list args;
	ssize_t got;
	int fd;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		got = read(fd, text + length, size - 1 - length);
		if (got > 0)
			length += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	got = got < 0 ? -errno : (ssize_t)length;
	close(fd);
	text[length] = '\0';
	return got;
}

/* A number of /proc/PID/stat, whose fields are counted from 1 (proc(5)). 0 or -errno. */
static int stat_field(const char *proc, uint32_t pid, int wanted, uint64_t *value)
{
	char text[1024], *field;
	ssize_t got = read_file(text, sizeof(text), "%s/%u/stat", proc, pid);

	if (got < 0)
		return (int)got;
	/* The name may hold blanks and brackets: fields count from its end. */
	field = strrchr(text, ')');
	for (int number = 2; field && number < wanted; number++)
		field = strchr(field + 1, ' ');
	if (!field)
		return -EINVAL;
	*value = strtoull(field + 1, NULL, 10);
	return 0;
}

int process_start_ticks(const char *proc, uint32_t pid, uint64_t *ticks)
{
	return stat_field(proc, pid, 22, ticks);
}

bool process_is_kernel_thread(const char *proc, uint32_t pid)
{
	uint64_t flags;

	return !stat_field(proc, pid, 9, &flags) && flags & PF_KTHREAD;
}

int process_user(const char *proc, uint32_t pid, uint32_t *uid)
{
	char status[1024]; /* it is among the first lines */
	ssize_t got = read_file(status, sizeof(status), "%s/%u/status", proc, pid);
	const char *field = got < 0 ? NULL : strstr(status, "\nUid:");

	if (got < 0)
		return (int)got;
	return field && sscanf(field, "\nUid: %u", uid) == 1 ? 0 : -EINVAL;
}

int process_files(const char *proc, uint32_t pid, struct process_files *files)
{
	char path[PATH_MAX];
	struct stat status;

	*files = (struct process_files){ 0 };
	snprintf(path, sizeof(path), "%s/%u/fd", proc, pid);
	if (stat(path, &status))
		return -errno;
	files->inode = status.st_ino;
	files->made_ns =
		(uint64_t)status.st_mtim.tv_sec * NSEC_PER_SEC + (uint64_t)status.st_mtim.tv_nsec;
	files->count = (uint64_t)status.st_size;
	return 0;
}

bool process_files__same(const struct process_files *a, const struct process_files *b)
{
	return a->inode == b->inode && a->made_ns == b->made_ns && a->count == b->count;
}

uint64_t process_count_files(const char *proc, uint32_t pid)
{
	char path[PATH_MAX];
	uint64_t count = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/%u/fd", proc, pid);
	folder = opendir(path);
	if (!folder)
		return 0;
	while (count < FDS_MAX && readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static uint64_t status_bytes(const char *status, const char *name)
{
	const char *field = strstr(status, name);

	return field ? strtoull(field + strlen(name), NULL, 10) * 1024 : 0;
}

int process_memory(const char *proc, uint32_t pid, struct process_memory *memory)
{
	char status[8192];
	ssize_t got = read_file(status, sizeof(status), "%s/%u/status", proc, pid);

	if (got < 0)
		return got == -ENOENT ? -ESRCH : (int)got;
	/* A process that is about to end has only the lines that are not about memory. */
	if (!strstr(status, "\nVmRSS:"))
		return -ESRCH;
	*memory = (struct process_memory){
		.anon_bytes = status_bytes(status, "\nRssAnon:"),
		.file_bytes = status_bytes(status, "\nRssFile:"),
		.shmem_bytes = status_bytes(status, "\nRssShmem:"),
		.hugetlb_bytes = status_bytes(status, "\nHugetlbPages:"),
		.pinned_bytes = status_bytes(status, "\nVmPin:"),
	};
	return 0;
}

/* Calls matches for each file descriptor until it returns true. */
static bool search_fds(const char *proc, uint32_t pid,
		       bool (*matches)(const void *context, int folder, const char *name),
		       const void *context)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/%u/fd", proc, pid);
	folder = opendir(path);
	if (!folder)
		return false;
	for (int i = 0; !found && i < FDS_MAX && !interrupted(); i++) {
		entry = readdir(folder);
		if (!entry)
			break;
		found = matches(context, dirfd(folder), entry->d_name);
	}
	closedir(folder);
	return found;
}

struct link_search {
	bool (*matches)(const char *target);
};

static bool is_link_to(const void *context, int folder, const char *name)
{
	const struct link_search *search = context;
	char target[64];
	ssize_t length = readlinkat(folder, name, target, sizeof(target) - 1);

	if (length < 0)
		return false;
	target[length] = '\0';
	return search->matches(target);
}

bool process_has_fd(const char *proc, uint32_t pid, bool (*matches)(const char *target))
{
	const struct link_search search = { matches };

	return search_fds(proc, pid, is_link_to, &search);
}

struct device_search {
	const char *proc;
	uint32_t pid, major, minor;
};

static bool is_path_alone(const struct device_search *search, const char *fd)
{
	char text[1024], *flags;

	if (read_file(text, sizeof(text), "%s/%u/fdinfo/%s", search->proc, search->pid, fd) < 0)
		return true;
	flags = strstr(text, "flags:");
	return !flags || strtoul(flags + strlen("flags:"), NULL, 8) & O_PATH;
}

/* A name is not enough: in a mount namespace of their own, users may call a file what they like. */
static bool is_device(const void *context, int folder, const char *name)
{
	const struct device_search *search = context;
	struct statx file;

	/* No file server is asked. */
	return !statx(folder, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &file) &&
	       S_ISCHR(file.stx_mode) && file.stx_rdev_major == search->major &&
	       file.stx_rdev_minor == search->minor && !is_path_alone(search, name);
}

bool process_has_device(const char *proc, uint32_t pid, uint32_t major, uint32_t minor)
{
	const struct device_search search = { proc, pid, major, minor };

	return search_fds(proc, pid, is_device, &search);
}
