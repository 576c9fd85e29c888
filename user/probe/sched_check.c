// SPDX-License-Identifier: GPL-2.0-only
/* Checks what the sched probe needs of a host, one by one, and proves it by loading the probe. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/privileges.h"
#include "probe/kernel.h"
#include "probe/requirement.h"
#include "probe/sched_internal.h"

static const char *const everything = "kvmq-cpu does not work";

static void check_statistics(struct checks *checks)
{
	struct check *check = checks__add(checks, "CAP_SYS_ADMIN");

	if (!privileges_can_enable_statistics())
		check__fail(check, CHECK_LACKING, "cost of the hook for other tasks is n/a",
			    "not held: the kernel keeps BPF statistics for it alone");
}

static void check_hook(struct checks *checks, const char *what, const char *name)
{
	struct check *check = checks__add(checks, what);
	int arguments = kernel_tracepoint_arguments(name);

	if (arguments < 0)
		check__fail(check, CHECK_MISSING, everything, "tracepoint %s: %s", name,
			    strerror(-arguments));
}

static void check_member(struct checks *checks, const char *what, const char *type,
			 const char *member, const char *option)
{
	struct check *check = checks__add(checks, what);
	int found = kernel_has_member(type, member);

	if (found < 0)
		check__fail(check, CHECK_MISSING, everything, "BTF: %s", strerror(-found));
	else if (!found)
		check__fail(check, CHECK_MISSING, everything, "%s.%s is not there: needs %s", type,
			    member, option);
}

static void check_kvm(struct checks *checks)
{
	struct check *check = checks__add(checks, "BTF of kvm");
	struct sched_kvm layout = { 0 };

	if (!kernel_kvm_layout(&layout))
		return;
	if (access("/sys/module/kvm", F_OK))
		check__fail(check, CHECK_LATER, "no VM runs until then",
			    "kvm is not loaded: is read when it is");
	else
		check__fail(check, CHECK_LACKING,
			    "vCPU numbers come from thread names; n/a where a VMM gives none",
			    "/sys/kernel/btf/kvm is not there: needs "
			    "CONFIG_DEBUG_INFO_BTF_MODULES (5.11)");
}

/* Nothing is read, so no thread is met. */
bool want_nothing(void *context, const struct identity *identity)
{
	(void)context;
	(void)identity;
	return false;
}

/* Loads and attaches, as a proof. Returns 0 or -errno. */
static int try_load(bool blame, bool overlap, bool *throttling)
{
	struct sched_probe_config config = { .filtered = true,
					     .throttling = true,
					     .on_thread = want_nothing,
					     .blame = blame,
					     .overlap = overlap };
	struct sched_probe *probe;
	int error = sched_probe__open(&probe, &config);

	if (error)
		return error;
	*throttling = sched_probe__tells_throttling(probe);
	sched_probe__close(probe);
	return 0;
}

static void check_load(struct checks *checks)
{
	struct check *check;
	bool throttling;
	int error;

	if (checks__worst(checks) == CHECK_MISSING)
		return;
	check = checks__add(checks, "loading and attaching");
	error = try_load(false, false, &throttling);
	if (error) {
		check__refused(check, CHECK_MISSING, everything);
		return;
	}
	check = checks__add(checks, "throttling of cgroups");
	if (!throttling)
		check__fail(check, CHECK_LACKING, "%THR is n/a, and a part of %WAKE and %PRE",
			    "tg_throttle_down cannot be hooked: needs CONFIG_CFS_BANDWIDTH and "
			    "CONFIG_FUNCTION_TRACER, and no lockdown");
	check = checks__add(checks, "who ran instead");
	error = try_load(true, false, &throttling);
	if (error)
		check__refused(check, CHECK_LACKING, "--blame does not work");
	check = checks__add(checks, "vCPUs of a VM at the same time");
	error = try_load(false, true, &throttling);
	if (error)
		check__fail(check, CHECK_LACKING, "--overlap does not work",
			    "%s: needs atomic operations in BPF (5.12)", strerror(-error));
}

void sched_probe__check(struct checks *checks)
{
	if (!requirements__check(checks, everything))
		return;
	if (checks__worst(checks) != CHECK_MISSING)
		check_statistics(checks);
	check_hook(checks, "hook sched_switch", "sched_switch");
	check_hook(checks, "hook sched_process_exit", "sched_process_exit");
	check_member(checks, "who is in KVM_RUN", "task_struct", "preempt_notifiers",
		     "CONFIG_PREEMPT_NOTIFIERS, which KVM selects");
	check_member(checks, "the scheduler's books of waits", "sched_info", "run_delay",
		     "CONFIG_SCHED_INFO");
	check_member(checks, "the run queue's clock", "cfs_rq", "rq", "CONFIG_FAIR_GROUP_SCHED");
	check_kvm(checks);
	check_load(checks);
}
