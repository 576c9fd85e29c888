// SPDX-License-Identifier: GPL-2.0-only
/* What the kvm probe needs of a host beside what the sched probe needs. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/privileges.h"
#include "probe/kernel.h"
#include "probe/kvm.h"
#include "probe/sched_internal.h"

static const char *const everything = "kvmq-exit does not work";

/* Whether there is anything to look for. */
static bool check_module(struct checks *checks)
{
	struct check *check = checks__add(checks, "KVM");

	if (!access("/sys/module/kvm", F_OK))
		return true;
	check__fail(check, CHECK_LATER, "kvmq-exit does not start until then",
		    "kvm is not loaded: modprobe kvm-amd or kvm-intel");
	return false;
}

static void check_hook(struct checks *checks, const char *what, const char *name)
{
	struct check *check = checks__add(checks, what);
	int arguments = kernel_kvm_tracepoint_arguments(name);

	if (arguments == -EPERM || arguments == -EACCES)
		check__fail(check, CHECK_MISSING, everything,
			    "lacks CAP_SYS_ADMIN, which BTF of a module needs: run as root");
	else if (arguments < 0)
		check__fail(check, CHECK_MISSING, everything,
			    "tracepoint %s: not in BTF: needs CONFIG_DEBUG_INFO_BTF_MODULES (5.11)",
			    name);
}

static int load_both(void)
{
	struct sched_probe_config sched_config = { .filtered = true, .on_thread = want_nothing };
	struct kvm_probe_config config = { .filtered = true };
	struct sched_probe *sched;
	struct kvm_probe *probe;
	int error = sched_probe__open(&sched, &sched_config);

	if (error)
		return error;
	error = kvm_probe__open(&probe, sched, &config);
	if (!error)
		kvm_probe__close(probe);
	sched_probe__close(sched);
	return error;
}

void kvm_probe__check(struct checks *checks)
{
	char names[64];
	struct check *check;
	int error;

	if (!check_module(checks))
		return;
	check_hook(checks, "hook kvm_entry", "kvm_entry");
	check_hook(checks, "hook kvm_exit", "kvm_exit");
	check_hook(checks, "hook kvm_userspace_exit", "kvm_userspace_exit");
	if (checks__worst(checks) == CHECK_MISSING || privileges_missing(names, sizeof(names)))
		return;
	check = checks__add(checks, "loading and attaching");
	error = load_both();
	if (error)
		check__fail(check, CHECK_MISSING, everything, "%s: -v shows the kernel's words",
			    strerror(-error));
}
