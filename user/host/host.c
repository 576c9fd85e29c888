// SPDX-License-Identifier: GPL-2.0-only
#include "host/host.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/units.h"
#include "host/environment.h"
#include "host/proc.h"

/* include/linux/threads.h, PID_MAX_LIMIT */
#define TID_MAX_LIMIT (4U * 1024 * 1024)

void host__read(struct host *host)
{
	struct utsname names;

	uname(&names);
	snprintf(host->name, sizeof(host->name), "%s", names.nodename);
	snprintf(host->kernel, sizeof(host->kernel), "%s", names.release);
	host->cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	if (read_file(host->boot_id, sizeof(host->boot_id), "/proc/sys/kernel/random/boot_id") < 0)
		host->boot_id[0] = '\0';
}

void host__read_environment(struct environment *environment)
{
	struct utsname names;

	uname(&names);
	environment__read(environment, "", names.release, names.version);
}

/* In the first line of /proc/stat. The first two include the guests' time. */
enum { USER, NICE, SYSTEM, IDLE, IO_WAIT, IRQ, SOFT_IRQ, STOLEN, TIMES };

static void read_use(struct host_use *use, const char *next)
{
	uint64_t ns[TIMES], tick_ns = NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);

	for (int i = 0; i < TIMES; i++) {
		char *end;

		ns[i] = strtoull(next, &end, 10) * tick_ns;
		if (end == next)
			return;
		next = end;
	}
	use->known = true;
	use->busy_ns = ns[USER] + ns[NICE] + ns[SYSTEM] + ns[IRQ] + ns[SOFT_IRQ];
	use->idle_ns = ns[IDLE] + ns[IO_WAIT];
	use->stolen_ns = ns[STOLEN];
}

void host__read_counters(struct host_counters *counters, const char *proc)
{
	char path[PATH_MAX], *line = NULL;
	size_t size = 0;
	FILE *file;

	*counters = (struct host_counters){ 0 };
	snprintf(path, sizeof(path), "%s/stat", proc);
	file = fopen(path, "re");
	if (!file)
		return;
	while (getline(&line, &size, file) > 0) {
		if (!strncmp(line, "cpu ", 4))
			read_use(&counters->use, line + 4);
		if (strncmp(line, "ctxt ", 5) != 0)
			continue;
		counters->switches = strtoull(line + 5, NULL, 10);
		break;
	}
	free(line);
	fclose(file);
}

uint32_t host_tid_max(void)
{
	char text[32];
	uint64_t most;

	if (read_file(text, sizeof(text), "/proc/sys/kernel/pid_max") < 0)
		return TID_MAX_LIMIT;
	text[strcspn(text, "\n")] = '\0';
	return parse_number(text, 1, TID_MAX_LIMIT, &most) ? TID_MAX_LIMIT : (uint32_t)most;
}
