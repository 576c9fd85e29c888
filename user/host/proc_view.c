// SPDX-License-Identifier: GPL-2.0-only
#include "host/proc_view.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include "host/proc.h"

/* include/linux/proc_ns.h, PROC_PID_INIT_INO */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCU

static bool can_read_stat(const char *proc, const char *process)
{
	char text[64];

	return read_file(text, sizeof(text), "%s/%s/stat", proc, process) > 0;
}

/* The process's namespace; one may not be allowed to see that of a stranger. */
static bool read_namespace(const char *proc, const char *process, bool *initial)
{
	char path[PATH_MAX];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s/ns/pid", proc, process);
	if (stat(path, &status))
		return false;
	*initial = status.st_ino == INITIAL_PID_NAMESPACE;
	return true;
}

/* Process 1 is the folder's own: a container may have the host's /proc mounted. */
enum proc_view proc_view__read(const char *proc)
{
	bool initial = true;

	if (!can_read_stat(proc, "self") && !can_read_stat(proc, "1"))
		return PROC_VIEW_NONE;
	if (read_namespace(proc, "1", &initial) || read_namespace(proc, "self", &initial))
		if (!initial)
			return PROC_VIEW_NAMESPACE;
	return can_read_stat(proc, "1") ? PROC_VIEW_ALL : PROC_VIEW_HIDDEN;
}

bool proc_view__is_foreign(enum proc_view view)
{
	return view == PROC_VIEW_NAMESPACE || view == PROC_VIEW_NONE;
}

const char *proc_view__reason(enum proc_view view)
{
	static const char *const reasons[] = {
		[PROC_VIEW_ALL] = NULL,
		[PROC_VIEW_HIDDEN] =
			"/proc hides the processes of other users (hidepid): that takes "
			"root, or CAP_SYS_PTRACE",
		[PROC_VIEW_NAMESPACE] = "/proc is not of the host's PID namespace: run it there "
					"(hostPID, --pid=host)",
		[PROC_VIEW_NONE] = "/proc is not mounted: mount it",
	};

	return reasons[view];
}
