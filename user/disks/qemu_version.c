// SPDX-License-Identifier: GPL-2.0-only
#include "disks/qemu_version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interrupt.h"

/* What --version begins with, in all versions. */
static const char text[] = "QEMU emulator version ";

#define CHUNK (256 * 1024)
#define READ_MAX (64U << 20) /* QEMU's text and constants have 30 MiB; behind them is debugging */
#define OVERLAP 64	     /* longer than the text with two numbers */

/* Searches bytes, which are not text and end with 0, for a text that begins before limit. */
static int search(const char *bytes, size_t size, const char *limit, uint32_t *version)
{
	const char *at = bytes, *end = bytes + size;
	unsigned int major, minor;

	while ((at = memmem(at, (size_t)(end - at), text, sizeof(text) - 1)) && at < limit) {
		at += sizeof(text) - 1;
		if (sscanf(at, "%4u.%4u", &major, &minor) == 2 && major) {
			*version = QEMU_VERSION(major, minor);
			return 0;
		}
	}
	return -ENOENT;
}

/*
 * Not by mmap(): a file that is truncated meanwhile would kill the reader. What the end of a chunk
 * may cut through is looked at again with the next chunk.
 */
static int read_version(int fd, char *buffer, uint32_t *version)
{
	int error = -ENOENT;
	size_t kept = 0, tail, all = 0;
	ssize_t got = 1;

	while (error == -ENOENT && got && all < READ_MAX) {
		got = read(fd, buffer + kept, CHUNK);
		if (got < 0)
			return -errno;
		all += (size_t)got;
		kept += (size_t)got;
		tail = kept < OVERLAP ? kept : OVERLAP;
		buffer[kept] = '\0';
		error = search(buffer, kept, buffer + kept - (got ? tail : 0), version);
		memmove(buffer, buffer + kept - tail, tail);
		kept = tail;
	}
	return error;
}

static int check_file(int fd)
{
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	return S_ISDIR(status.st_mode) ? -EISDIR : S_ISREG(status.st_mode) ? 0 : -ENOEXEC;
}

int qemu_version__read(const char *path, uint32_t *version)
{
	const char *before = interrupt__guard("reading a VMM's executable");
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;
	char *buffer = NULL;

	error = fd < 0 ? -errno : check_file(fd);
	if (!error) {
		buffer = malloc(OVERLAP + CHUNK + 1);
		error = buffer ? read_version(fd, buffer, version) : -ENOMEM;
	}
	free(buffer);
	if (fd >= 0)
		close(fd);
	interrupt__guard(before);
	return error;
}

/*
 * BLOCK_ACCT_NONE (no request, or one that has been counted) came before the others in 4.2, and
 * BLOCK_ACCT_UNMAP after them; BLOCK_ACCT_ZONE_APPEND between them in 8.1.
 */
bool qemu_version__op(uint32_t version, uint32_t type, enum io_op *op)
{
	static const enum io_op before_4_2[] = { IO_READ, IO_WRITE, IO_FLUSH };
	static const enum io_op since_4_2[] = { IO_READ, IO_WRITE, IO_FLUSH, IO_DISCARD };
	static const enum io_op since_8_1[] = { IO_READ, IO_WRITE, IO_FLUSH, IO_OTHER, IO_DISCARD };

	*op = IO_OTHER;
	if (!version)
		return true;
	if (version < QEMU_VERSION(4, 2)) {
		if (type < sizeof(before_4_2) / sizeof(before_4_2[0]))
			*op = before_4_2[type];
		return true;
	}
	if (!type)
		return false;
	if (version < QEMU_VERSION(8, 1)) {
		if (type <= sizeof(since_4_2) / sizeof(since_4_2[0]))
			*op = since_4_2[type - 1];
	} else if (type <= sizeof(since_8_1) / sizeof(since_8_1[0])) {
		*op = since_8_1[type - 1];
	}
	return true;
}
