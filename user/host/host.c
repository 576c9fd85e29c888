// SPDX-License-Identifier: GPL-2.0-only
#include "host/host.h"

#include <stdio.h>
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

uint64_t host_switches(void)
{
	unsigned long long switches = 0;
	char line[512];
	FILE *file = fopen("/proc/stat", "re");

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "ctxt %llu", &switches) == 1)
			break;
	fclose(file);
	return switches;
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
