// SPDX-License-Identifier: GPL-2.0-only
#include "base/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "base/log.h"

/*
 * What reading goes on to need. A VMM runs as a user of its own: to list /proc/PID/fd of another
 * user's takes CAP_DAC_READ_SEARCH, and to follow a link in it, or /proc/PID/root, or to see
 * its numa_maps, or anything of it under hidepid, CAP_SYS_PTRACE.
 */
static const struct kept_capability {
	unsigned int capability;
	unsigned int needs; /* 0: always */
} kept_capabilities[] = {
	{ CAP_BPF, 0 },
	{ CAP_DAC_READ_SEARCH, 0 },
	{ CAP_SYS_PTRACE, 0 },
	{ CAP_PERFMON, PRIVILEGE_ATTACH },
	{ CAP_DAC_OVERRIDE, PRIVILEGE_CONNECT },
};

#define KEPT_CAPABILITIES (sizeof(kept_capabilities) / sizeof(kept_capabilities[0]))

/* CAP_SYS_ADMIN stands for both, as in the kernel's bpf_capable(). */
static bool has(unsigned int capability)
{
	return capng_have_capability(CAPNG_EFFECTIVE, capability) ||
	       capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN);
}

int privileges_missing(char *names, size_t size)
{
	capng_get_caps_process();
	bool bpf = has(CAP_BPF), perfmon = has(CAP_PERFMON);

	snprintf(names, size, "%s%s%s", bpf ? "" : "CAP_BPF", bpf || perfmon ? "" : " and ",
		 perfmon ? "" : "CAP_PERFMON");
	return !bpf + !perfmon;
}

bool privileges_can_enable_statistics(void)
{
	capng_get_caps_process();
	return capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN);
}

/* Whether one of those that may be kept is there to be kept. */
static bool is_kept(const struct kept_capability *kept, unsigned int needs)
{
	return (kept->needs & needs) == kept->needs &&
	       capng_have_capability(CAPNG_EFFECTIVE, kept->capability);
}

int privileges_drop(unsigned int needs)
{
	const capng_type_t type = CAPNG_EFFECTIVE | CAPNG_PERMITTED;
	unsigned int kept[KEPT_CAPABILITIES + 1], count = 0;

	capng_get_caps_process();
	for (size_t i = 0; i < KEPT_CAPABILITIES; i++)
		if (is_kept(&kept_capabilities[i], needs))
			kept[count++] = kept_capabilities[i].capability;
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_BPF))
		kept[count++] = CAP_SYS_ADMIN;
	capng_clear(CAPNG_SELECT_CAPS);
	for (unsigned int i = 0; i < count; i++)
		capng_update(CAPNG_ADD, type, kept[i]);
	if (capng_apply(CAPNG_SELECT_CAPS) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		log_error("dropping privileges: refused: start it with fewer capabilities");
		return -EPERM;
	}
	return 0;
}

void privileges_drop_all(void)
{
	capng_clear(CAPNG_SELECT_CAPS);
	capng_apply(CAPNG_SELECT_CAPS);
}
