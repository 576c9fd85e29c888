// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a monitor without BPF takes at the least: schedstats PID... reads, each 10 s, one file of
 * /proc of each thread of these processes, as the simplest exporters do, until it is ended. Its CPU
 * time is the yardstick for kvmqd's.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/units.h"
#include "model/list.h"

#define PATH_SIZE 64
#define INTERVAL 10 /* s */

struct file {
	char path[PATH_SIZE];
};

struct files {
	LIST(struct file);
};

static int add_threads(struct files *files, uint64_t pid)
{
	struct dirent *entry;
	char path[PATH_SIZE];
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%llu/task", (unsigned long long)pid);
	folder = opendir(path);
	if (!folder)
		return -1;
	while ((entry = readdir(folder))) {
		struct file *file = *entry->d_name == '.' ? NULL : list_add(files);

		if (file)
			snprintf(file->path, sizeof(file->path), "/proc/%llu/task/%.20s/schedstat",
				 (unsigned long long)pid, entry->d_name);
	}
	closedir(folder);
	return 0;
}

/* Returns how many could be read. */
static size_t read_all(const struct files *files)
{
	size_t count = 0;
	char text[64];

	for (size_t i = 0; i < files->count; i++) {
		int fd = open(files->list[i].path, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		count += read(fd, text, sizeof(text)) > 0;
		close(fd);
	}
	return count;
}

int main(int argc, char **argv)
{
	struct files files = { 0 };
	uint64_t pid;

	for (int i = 1; i < argc; i++)
		if (parse_fixed(argv[i], 1, 1, INT32_MAX, &pid) || add_threads(&files, pid)) {
			fprintf(stderr, "schedstats: no process '%s'\n", argv[i]);
			return 1;
		}
	for (;;) {
		printf("%zu\n", read_all(&files));
		fflush(stdout);
		sleep(INTERVAL);
	}
}
