// SPDX-License-Identifier: GPL-2.0-only
/* When kvmqd's views stand in for a tool's own. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "probe/requirement.h"
#include "source/socket_source.h"
#include "wire/wire.h"

bool socket_source__is_at(const char *path)
{
	struct stat file;

	return !stat(path, &file) && S_ISSOCK(file.st_mode);
}

void socket_source__look(bool *is_there, bool *is_usable)
{
	*is_there = socket_source__is_at(KVMQD_SOCKET);
	*is_usable = *is_there && !faccessat(AT_FDCWD, KVMQD_SOCKET, R_OK | W_OK, AT_EACCESS);
}

/* What takes hooks of the tool's own, or another way into a VM. */
static bool needs_own(const struct options *options)
{
	const struct io_options *io = &options->io;

	return options->events || options->command || options->cpu.timeline || io->qmp_count ||
	       io->vmm || io->with_guests || options->numa.residency || options->numa.period_ns;
}

void socket_source__stand_in(struct options *options)
{
	struct checks checks = { 0 };
	bool is_there, is_usable;

	if (options->from || options->socket || needs_own(options))
		return;
	socket_source__look(&is_there, &is_usable);
	if (!is_usable)
		return;
	requirements__check(&checks, "nothing can be measured");
	for (size_t i = 0; i < checks.count; i++) {
		if (checks.list[i].status != CHECK_MISSING)
			continue;
		log_notice("the views are kvmqd's, at '%s': %s", KVMQD_SOCKET, checks.list[i].why);
		options->socket = KVMQD_SOCKET;
		return;
	}
}
