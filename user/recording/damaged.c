// SPDX-License-Identifier: GPL-2.0-only
/* Whether a file that SQLite cannot read was a recording. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording/database.h"
#include "recording/recorder.h"

/* https://www.sqlite.org/fileformat2.html#application_id */
#define OUR_ID_AT 68

/* A recording has the statements that made its tables among its first pages. */
#define LOOKED_AT (1 << 20)
#define OUR_TABLE "CREATE TABLE \"moments\" (id INTEGER PRIMARY KEY, run INTEGER, whole INTEGER"

static bool has_our_id(const unsigned char *bytes)
{
	const unsigned char *id = bytes + OUR_ID_AT;

	return ((uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3]) ==
	       DATABASE_OURS;
}

static bool is_ours(const unsigned char *bytes, size_t size)
{
	if (size >= OUR_ID_AT + 4 && has_our_id(bytes))
		return true;
	return memmem(bytes, size, OUR_TABLE, strlen(OUR_TABLE)) != NULL;
}

bool recorder__is_damaged(const char *path)
{
	unsigned char *bytes = malloc(LOOKED_AT);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t size = fd < 0 || !bytes ? -1 : read(fd, bytes, LOOKED_AT);
	bool result = size > 0 && is_ours(bytes, (size_t)size);

	if (fd >= 0)
		close(fd);
	free(bytes);
	return result;
}
