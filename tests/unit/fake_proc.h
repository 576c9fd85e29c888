/* SPDX-License-Identifier: GPL-2.0-only */
/* A folder that looks like /proc, with as many processes as a test wants. */
#ifndef KVMQ_FAKE_PROC_H
#define KVMQ_FAKE_PROC_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fake_proc {
	char path[256];
};

static inline void fake_fail(const char *path)
{
	perror(path);
	abort();
}

static inline void fake_proc__open(struct fake_proc *proc)
{
	const char *folder = getenv("TMPDIR");

	snprintf(proc->path, sizeof(proc->path), "%s/kvmq-proc-XXXXXX", folder ? folder : "/tmp");
	if (!mkdtemp(proc->path))
		fake_fail(proc->path);
}

/* The path of what has this name below the folder; good until the call after the next. */
static inline const char *fake_path(const struct fake_proc *proc, const char *name)
{
	static char path[2][300];
	static int next;

	next = !next;
	snprintf(path[next], sizeof(path[next]), "%s/%s", proc->path, name);
	return path[next];
}

static inline int fake_remove(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void fake_proc__close(struct fake_proc *proc)
{
	nftw(proc->path, fake_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void fake_proc__remove(const struct fake_proc *proc, uint32_t pid)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%u", proc->path, pid);
	nftw(path, fake_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void fake_file(const struct fake_proc *proc, uint32_t pid, const char *name,
			     const char *text, size_t size)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%u/%s", proc->path, pid, name);
	file = fopen(path, "we");
	if (!file || fwrite(text, 1, size, file) != size || fclose(file))
		fake_fail(path);
}

/* A file at any place below the folder, which may be a /sys as well. */
static inline void fake_tree(const struct fake_proc *proc, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", proc->path, name);
	for (char *slash = path + strlen(proc->path) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			fake_fail(path);
		*slash = '/';
	}
	file = fopen(path, "we");
	if (!file || fputs(text, file) < 0 || fclose(file))
		fake_fail(path);
}

/*
 * Adds a process. arguments are divided by '|'; NULL: an empty command line, as a
 * kernel thread has it. cgroup is the whole file.
 */
static inline void fake_proc__add(const struct fake_proc *proc, uint32_t pid, const char *comm,
				  uint64_t start_ticks, const char *arguments, const char *cgroup)
{
	char path[PATH_MAX], text[4096];
	size_t size;

	snprintf(path, sizeof(path), "%s/%u", proc->path, pid);
	if (mkdir(path, 0755))
		fake_fail(path);
	strcat(path, "/fd");
	if (mkdir(path, 0755))
		fake_fail(path);
	snprintf(text, sizeof(text),
		 "%u (%s) S 1 %u %u 0 -1 4194560 10 20 30 40 50 60 70 80 20 0 5 0 %llu 1000 99\n",
		 pid, comm, pid, pid, (unsigned long long)start_ticks);
	fake_file(proc, pid, "stat", text, strlen(text));
	snprintf(text, sizeof(text), "%s\n", comm);
	fake_file(proc, pid, "comm", text, strlen(text));
	snprintf(text, sizeof(text), "%s", arguments ? arguments : "");
	size = arguments ? strlen(text) + 1 : 0;
	for (size_t i = 0; i < size; i++)
		if (text[i] == '|')
			text[i] = '\0';
	fake_file(proc, pid, "cmdline", text, size);
	if (cgroup)
		fake_file(proc, pid, "cgroup", cgroup, strlen(cgroup));
}

static inline void fake_proc__add_fd(const struct fake_proc *proc, uint32_t pid, int fd,
				     const char *target)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%u/fd/%d", proc->path, pid, fd);
	if (symlink(target, path))
		fake_fail(path);
}

/* What the kernel knows of the list of its files: that changes when the number of files does. */
static inline void fake_proc__set_files(const struct fake_proc *proc, uint32_t pid, time_t state)
{
	const struct timespec times[2] = { { .tv_sec = state }, { .tv_sec = state } };
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%u/fd", proc->path, pid);
	if (utimensat(AT_FDCWD, path, times, 0))
		fake_fail(path);
}

/* Opens another file instead of one. */
static inline void fake_proc__replace_fd(const struct fake_proc *proc, uint32_t pid, int fd,
					 const char *target)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%u/fd/%d", proc->path, pid, fd);
	if (unlink(path))
		fake_fail(path);
	fake_proc__add_fd(proc, pid, fd, target);
}

#endif
