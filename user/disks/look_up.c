// SPDX-License-Identifier: GPL-2.0-only
#include "disks/look_up.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disks/mount.h"

#define OPENED_MAX 1024 /* of a process, which may have any number of long names */
#define STEPS_MAX 128	/* of a name */
#define LINKS_MAX 8

/* A name that is being resolved: each link is replaced by its target. */
struct walk {
	struct look_up *look_up;
	int folder;
	uint64_t resolve;
	unsigned int steps, links;
	char path[PATH_MAX];
};

void look_up__begin(struct look_up *look_up, const char *proc, uint32_t pid)
{
	*look_up = (struct look_up){ .proc = proc, .pid = pid, .folders = { -1, -1 } };
}

void look_up__end(struct look_up *look_up)
{
	for (int i = 0; i < 2; i++)
		if (look_up->folders[i] >= 0)
			close(look_up->folders[i]);
}

static int open_folder(struct look_up *look_up, bool root)
{
	char path[PATH_MAX];

	if (look_up->folders[root] < 0) {
		snprintf(path, sizeof(path), "%s/%u/%s", look_up->proc, look_up->pid,
			 root ? "root" : "cwd");
		look_up->folders[root] = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	return look_up->folders[root] < 0 ? -errno : look_up->folders[root];
}

static int open_at(struct look_up *look_up, int folder, const char *path, uint64_t flags,
		   uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_PATH | O_CLOEXEC,
				.resolve = resolve | RESOLVE_NO_MAGICLINKS };
	int file;

	look_up->opened++;
	file = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
	return file < 0 ? -errno : file;
}

/* Only from what the kernel remembers. */
static int open_cached(struct walk *walk, const char *path, uint64_t flags)
{
	int file =
		open_at(walk->look_up, walk->folder, path, flags, walk->resolve | RESOLVE_CACHED);

	return file == -EINVAL ? -EAGAIN : file; /* before 5.12 */
}

/* The mount id of the file at path in folder, or of folder; -1: not known (before 5.8). */
static int mount_of(int folder, const char *path)
{
	struct statx statx_of;

	if (statx(folder, path, AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &statx_of) ||
	    !(statx_of.stx_mask & STATX_MNT_ID))
		return -1;
	return (int)statx_of.stx_mnt_id;
}

/*
 * Whether it is on this tool's own root file system. That one answers, or there would be no tool.
 */
static bool is_on_root(int file)
{
	int mount = mount_of(file, "");

	return mount >= 0 && mount == mount_of(AT_FDCWD, "/");
}

/* Whether it is on a file system of this host's own, which answers. */
static bool is_local(struct look_up *look_up, int file)
{
	int mount = mount_of(file, "");
	size_t at;

	if (mount < 0)
		return false;
	for (at = 0; at < look_up->mount_count; at++)
		if (look_up->mounts[at].mount == mount)
			return look_up->mounts[at].local;
	if (at == LOOK_UP_MOUNTS)
		return false;
	look_up->mounts[at].mount = mount;
	look_up->mounts[at].local = mount == mount_of(AT_FDCWD, "/") ||
				    mount__is_local(look_up->proc, look_up->pid, mount);
	look_up->mount_count++;
	return look_up->mounts[at].local;
}

/* One name in a folder, which the kernel remembers from then on. */
static int open_step(struct walk *walk, int parent, const char *prefix, const char *name)
{
	int file = open_cached(walk, prefix, O_NOFOLLOW);

	if (file != -EAGAIN || !strcmp(name, "..") || !is_local(walk->look_up, parent))
		return file;
	file = open_at(walk->look_up, parent, name, O_NOFOLLOW,
		       RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
	if (file != -EXDEV)
		return file;
	/*
	 * Something is mounted there, so the kernel knows what it is. It does not remember the
	 * names of a root that it has to ask about each (an overlay on what another machine
	 * serves).
	 */
	file = open_cached(walk, prefix, O_NOFOLLOW);
	if (file == -EAGAIN && is_on_root(parent))
		file = open_at(walk->look_up, parent, name, O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
	return file;
}

/* Replaces the part from begin to end; also all before it, if the link is absolute. */
static int follow(struct walk *walk, int file, size_t begin, size_t end)
{
	char text[PATH_MAX], *path = walk->path;
	size_t rest = strlen(path + end);
	ssize_t length;

	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	if (!is_local(walk->look_up, file))
		return -EAGAIN;
	length = readlinkat(file, "", text, sizeof(text));
	if (length <= 0)
		return length ? -errno : -ENOENT;
	if (text[0] == '/')
		begin = 0;
	if (begin + (size_t)length + rest >= sizeof(walk->path))
		return -ENAMETOOLONG;
	memmove(path + begin + length, path + end, rest + 1);
	memcpy(path + begin, text, (size_t)length);
	return 0;
}

static bool is_link(int file)
{
	struct statx statx_of;

	return !statx(file, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &statx_of) &&
	       S_ISLNK(statx_of.stx_mode);
}

/*
 * Goes up to the first link, and replaces it. Returns a file descriptor, 0 if it replaced one, or
 * -errno. begin and end are the place of the name in the path.
 */
static int walk_on(struct walk *walk)
{
	char *path = walk->path, name[NAME_MAX + 1], rest;
	int parent = dup(walk->folder), file = -ENOENT;
	size_t begin, end = 0, length;

	for (;;) {
		begin = end + strspn(path + end, "/");
		length = strcspn(path + begin, "/");
		end = begin + length;
		if (!length)
			return parent;
		if (length > NAME_MAX || ++walk->steps > STEPS_MAX) {
			file = -ENAMETOOLONG;
			break;
		}
		memcpy(name, path + begin, length);
		name[length] = '\0';
		rest = path[end];
		path[end] = '\0';
		file = open_step(walk, parent, path, name);
		path[end] = rest;
		if (file < 0)
			break;
		close(parent);
		parent = file;
		if (is_link(file)) {
			file = follow(walk, file, begin, end);
			break;
		}
	}
	close(parent);
	return file;
}

int look_up__open(struct look_up *look_up, const char *path)
{
	bool absolute = *path == '/';
	struct walk walk = { .look_up = look_up,
			     .folder = open_folder(look_up, absolute),
			     .resolve = absolute ? RESOLVE_IN_ROOT : 0 };
	int file;

	if (walk.folder < 0)
		return walk.folder;
	if (look_up->opened >= OPENED_MAX)
		return -E2BIG;
	if (strlen(path) >= sizeof(walk.path))
		return -ENAMETOOLONG;
	file = open_cached(&walk, path, 0);
	if (file != -EAGAIN)
		return file;
	strcpy(walk.path, path);
	do {
		file = walk_on(&walk);
	} while (!file);
	return file;
}
