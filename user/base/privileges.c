// SPDX-License-Identifier: GPL-2.0-only
#include "base/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "base/log.h"

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

int privileges_check(void)
{
	char names[64];
	int missing = privileges_missing(names, sizeof(names));

	if (!missing)
		return 0;
	log_error("this process lacks %s: run it as root, or give it the %s", names,
		  missing > 1 ? "capabilities" : "capability");
	return -EPERM;
}

int privileges_drop(bool attach)
{
	capng_get_caps_process();
	bool bpf = capng_have_capability(CAPNG_EFFECTIVE, CAP_BPF);
	bool perfmon = capng_have_capability(CAPNG_EFFECTIVE, CAP_PERFMON);
	bool ptrace = capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_PTRACE);
	const capng_type_t type = CAPNG_EFFECTIVE | CAPNG_PERMITTED;

	capng_clear(CAPNG_SELECT_CAPS);
	capng_update(CAPNG_ADD, type, bpf ? CAP_BPF : CAP_SYS_ADMIN);
	if (attach && perfmon)
		capng_update(CAPNG_ADD, type, CAP_PERFMON);
	if (ptrace)
		capng_update(CAPNG_ADD, type, CAP_SYS_PTRACE);
	if (capng_apply(CAPNG_SELECT_CAPS) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		log_error("dropping privileges: refused: start it with fewer capabilities");
		return -EPERM;
	}
	return 0;
}
