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
#include <unistd.h>

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
	/* A process that is about to end has only the lines without memory left. */
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

bool process_has_fd(const char *proc, uint32_t pid, bool (*matches)(const char *target))
{
	char path[PATH_MAX], target[64];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/%u/fd", proc, pid);
	folder = opendir(path);
	if (!folder)
		return false;
	while (!found && (entry = readdir(folder))) {
		ssize_t length =
			readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);

		if (length < 0)
			continue;
		target[length] = '\0';
		found = matches(target);
	}
	closedir(folder);
	return found;
}
