// SPDX-License-Identifier: GPL-2.0-only
#include "disks/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "disks/disk_internal.h"
#include "host/proc.h"

#define CMDLINE_MAX (1U << 20) /* one with a hundred disks has 50 KiB */

void copy_printable(char *to, size_t size, const char *text)
{
	text_copy(to, size, text, strlen(text));
}

struct disk *disks__add(struct disks *disks)
{
	struct disk *disk = disks->count < DISKS_MAX ? list_add(disks) : NULL;

	if (disk)
		disk->id = DISK_NO_ID;
	else
		disks->left_out++;
	return disk;
}

void disks__remove(struct disks *disks, size_t index)
{
	disks->count--;
	memmove(&disks->list[index], &disks->list[index + 1],
		(disks->count - index) * sizeof(disks->list[0]));
}

void disks__free(struct disks *disks)
{
	list_free(disks);
}

void disks__clear(struct disks *disks)
{
	struct disk *list = disks->list;
	size_t capacity = disks->capacity;

	*disks = (struct disks){ .list = list, .capacity = capacity };
}

/* Returns the size, or -errno; free() the text. */
static ssize_t read_cmdline(const char *proc, uint32_t pid, char **text)
{
	ssize_t got;

	for (size_t size = 16384; size <= CMDLINE_MAX; size *= 2) {
		*text = malloc(size);
		if (!*text)
			return -ENOMEM;
		got = read_file(*text, size, "%s/%u/cmdline", proc, pid);
		if (got >= 0 && (size_t)got < size - 1)
			return got;
		free(*text);
		*text = NULL;
		if (got < 0)
			return got == -ENOENT ? -ESRCH : got;
	}
	return -E2BIG;
}

int disks__read(struct disks *disks, const char *proc, uint32_t pid)
{
	struct options options;
	char *cmdline = NULL;
	ssize_t size = read_cmdline(proc, pid, &cmdline);
	int error;

	disks__clear(disks);
	error = size < 0 ? (int)size : options__read(&options, cmdline, (size_t)size);
	if (error) {
		free(cmdline);
		disks->refused = error != -ESRCH;
		return error;
	}
	disks__from_options(disks, &options);
	disks->proc = proc;
	disks->pid = pid;
	error = disks__read_fds(disks, &options, cmdline, (size_t)size);
	free(cmdline);
	options__free(&options);
	return error;
}

const struct disk *disks__find(const struct disks *disks, uint32_t id)
{
	for (size_t i = 0; i < disks->count && id != DISK_NO_ID; i++)
		if (disks->list[i].id == id)
			return &disks->list[i];
	return NULL;
}
