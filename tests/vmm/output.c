// SPDX-License-Identifier: GPL-2.0-only
#include "output.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void output_init(void)
{
	static char buffer[2 * OUTPUT_LINE_MAX];

	setvbuf(stdout, buffer, _IOLBF, sizeof(buffer));
}

int output_write(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t written = write(fd, text, left);

		if (written < 0) {
			warn("writing to descriptor %d", fd);
			return -1;
		}
		text += written;
		left -= (size_t)written;
	}
	return 0;
}

int output_replace(const char *path, const char *text)
{
	char part[300];
	int fd, ret;

	snprintf(part, sizeof(part), "%s.part", path); /* options.c limits the length */
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0) {
		warn("%s", part);
		return -1;
	}
	ret = output_write(fd, text);
	close(fd);
	if (!ret && rename(part, path)) {
		warn("%s", path);
		ret = -1;
	}
	if (ret)
		unlink(part);
	return ret;
}
