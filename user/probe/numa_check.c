// SPDX-License-Identifier: GPL-2.0-only
/* What the numa probe needs of a host beside what the sched probe needs. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "probe/numa_internal.h"
#include "probe/requirement.h"

static const char *const everything = "kvmq-numa does not work";
static const char *const no_split = "the VMM's own memory is not told from the guest's";

static bool check_nodes(struct checks *checks)
{
	struct check *check = checks__add(checks, "NUMA nodes");
	struct topology topology;
	int error = topology__read(&topology, "/sys");
	bool several = !error && topology.nodes.count > 1;

	if (error == -ERANGE)
		check__fail(check, CHECK_MISSING, everything,
			    "this host has a node over %d: kvmq was built for fewer",
			    NODES_MAX - 1);
	else if (error)
		check__fail(check, CHECK_MISSING, everything, "/sys/devices/system/node: %s",
			    strerror(-error));
	if (!error)
		topology__free(&topology);
	return several;
}

/* With one node, the kernel has nothing to balance. */
static void check_balancing(struct checks *checks)
{
	struct check *check = checks__add(checks, "NUMA balancing");

	if (sched_ext__has_all("/sys")) {
		check__fail(check, CHECK_LACKING, "RFLT%, IN/s and OUT/s are n/a",
			    "a sched_ext scheduler runs all tasks, of which the kernel scans no "
			    "memory");
		return;
	}
	switch (balancing__read("/proc")) {
	case BALANCING_ON:
		break;
	case BALANCING_UNKNOWN:
		check__fail(check, CHECK_LACKING, "RFLT%, IN/s and OUT/s are n/a",
			    "this kernel has none: needs CONFIG_NUMA_BALANCING");
		break;
	default:
		check__fail(check, CHECK_LACKING, "RFLT%, IN/s and OUT/s are n/a",
			    "it is off: 'sysctl kernel.numa_balancing=1' gives them, for hint "
			    "faults of all processes");
	}
}

static void check_hooks(struct checks *checks, const struct numa_probe *probe)
{
	struct check *check = checks__add(checks, "hook of hint faults");
	enum check_status lacking = access("/sys/module/kvm", F_OK) ? CHECK_LATER : CHECK_LACKING;

	if (*probe->faults_missing)
		check__fail(check, lacking, "RFLT% is n/a", "%s", probe->faults_missing);
	check = checks__add(checks, "hook of migrations");
	if (*probe->migrations_missing)
		check__fail(check, lacking, "IN/s and OUT/s are n/a", "%s",
			    probe->migrations_missing);
	check = checks__add(checks, "memory slots of KVM");
	if (!probe->skeleton)
		check__fail(check, CHECK_LACKING, no_split,
			    "the kernel refused the program: -vv shows its words");
	else if (!probe->sched->skeleton->bss->kvm.known)
		check__fail(check, lacking, no_split,
			    "BTF of kvm is not there: see the checks of kvmq-cpu");
}

void numa_probe__check(struct checks *checks)
{
	struct sched_probe_config sched_config = { .filtered = true,
						   .on_thread = want_nothing,
						   .nodes = true };
	struct numa_probe_config config = { .filtered = true };
	struct sched_probe *sched;
	struct numa_probe *probe;
	int error;

	if (!requirements__check(checks, everything))
		return;
	if (check_nodes(checks))
		check_balancing(checks);
	if (checks__worst(checks) == CHECK_MISSING)
		return;
	error = sched_probe__open(&sched, &sched_config);
	if (!error) {
		error = numa_probe__open(&probe, sched, &config);
		if (!error) {
			check_hooks(checks, probe);
			numa_probe__close(probe);
		}
		sched_probe__close(sched);
	}
	if (error)
		check__refused(checks__add(checks, "loading and attaching"), CHECK_MISSING,
			       everything);
}
