// SPDX-License-Identifier: GPL-2.0-only
/* What the kvm probe needs of a host beside what the sched probe needs. */
#include "probe/kvm.h"
#include "probe/requirement.h"
#include "probe/sched_internal.h"

static const char *const everything = "kvmq-exit does not work";

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
	struct check *check;

	if (!requirements__check(checks, everything))
		return;
	requirements__check_kvm(checks, everything);
	if (checks__worst(checks) == CHECK_MISSING)
		return;
	check = checks__add(checks, "loading and attaching");
	if (load_both())
		check__refused(check, CHECK_MISSING, everything);
}
