/* SPDX-License-Identifier: GPL-2.0-only */
/* A file system whose server does not answer any more, as an NFS server that has gone. */
#ifndef KVMQ_DEAD_FS_H
#define KVMQ_DEAD_FS_H

#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEAD_FS_FILE "disk.img"

struct dead_fs {
	char path[256];
	int fd; /* /dev/fuse */
	pid_t server;
};

static inline void dead_fs__set_file(struct fuse_attr *attr, uint64_t node)
{
	*attr = (struct fuse_attr){ .ino = node,
				    .nlink = 1,
				    .blksize = 4096,
				    .mode = node == 1 ? S_IFDIR | 0755 : S_IFREG | 0666,
				    .size = node == 1 ? 0 : 1 << 20 };
}

/* Returns whether an answer is due; *size is that of its text, *error what it says instead. */
static inline bool dead_fs__answer(const struct fuse_in_header *in, void *text, size_t *size,
				   int *error)
{
	struct fuse_init_out init = { .major = 7, .minor = 31, .max_write = 131072 };
	struct fuse_attr_out attr = { 0 };
	struct fuse_entry_out entry = { .nodeid = 2 };
	struct fuse_open_out open = { .fh = 1 };

	*size = 0;
	*error = 0;
	switch (in->opcode) {
	case FUSE_INIT:
		memcpy(text, &init, *size = sizeof(init));
		break;
	case FUSE_GETATTR:
		dead_fs__set_file(&attr.attr, in->nodeid);
		memcpy(text, &attr, *size = sizeof(attr));
		break;
	case FUSE_LOOKUP:
		dead_fs__set_file(&entry.attr, 2);
		if (strcmp((const char *)(in + 1), DEAD_FS_FILE) != 0)
			*error = -2;
		else
			memcpy(text, &entry, *size = sizeof(entry));
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		memcpy(text, &open, *size = sizeof(open));
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		return false;
	case FUSE_RELEASE:
	case FUSE_FLUSH:
		break;
	default:
		*error = -38;
	}
	return true;
}

static inline void dead_fs__serve(int fd)
{
	static char in[200000];
	struct {
		struct fuse_out_header header;
		char text[4096];
	} out;

	while (read(fd, in, sizeof(in)) > 0) {
		const struct fuse_in_header *header = (const void *)in;
		size_t size;

		if (!dead_fs__answer(header, out.text, &size, &out.header.error))
			continue;
		out.header.unique = header->unique;
		out.header.len = (uint32_t)(sizeof(out.header) + (out.header.error ? 0 : size));
		if (write(fd, &out, out.header.len) < 0)
			break;
	}
}

/*
 * Mounts one on a folder, in a mount namespace of this process's own, and keeps its file open; its
 * server is stopped then. Returns the file, or -1: this process may not. Ends with
 * dead_fs__close().
 */
static inline int dead_fs__open(struct dead_fs *fs, const char *folder)
{
	char options[128], path[300];
	int file;

	*fs = (struct dead_fs){ .fd = open("/dev/fuse", O_RDWR | O_CLOEXEC) };
	snprintf(fs->path, sizeof(fs->path), "%s", folder);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other",
		 fs->fd);
	if (fs->fd < 0 || unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("dead", folder, "fuse.dead", MS_NOSUID | MS_NODEV, options))
		return -1;
	fs->server = fork();
	if (!fs->server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dead_fs__serve(fs->fd);
		_exit(0);
	}
	snprintf(path, sizeof(path), "%s/" DEAD_FS_FILE, folder);
	file = open(path, O_RDWR | O_CLOEXEC);
	kill(fs->server, SIGSTOP);
	return file;
}

/* Ends the server: what waits for it fails. */
static inline void dead_fs__close(struct dead_fs *fs)
{
	if (fs->server > 0)
		kill(fs->server, SIGKILL);
	close(fs->fd);
	umount2(fs->path, MNT_DETACH);
}

#endif
