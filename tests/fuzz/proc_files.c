// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of /proc as libFuzzer makes them up, one after the other with a byte of 0xff between: stat,
 * status, cgroup, mountinfo, maps and numa_maps.
 */
#include "fuzz.h"

#include "disks/mount.h"
#include "host/cgroup.h"
#include "host/numa_maps.h"
#include "host/proc.h"
#include "host/residency_internal.h"

#define PID 300

static const char *const names[] = { "stat", "status", "cgroup", "mountinfo", "maps", "numa_maps" };

static void write_files(const unsigned char *data, size_t size)
{
	char self[300];

	begin_proc(PID);
	snprintf(self, sizeof(self), "%s/self", proc.path);
	if (symlink("300", self) && errno != EEXIST)
		fake_fail(self);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct part part = take_part(&data, &size);

		fake_file(&proc, PID, names[i], part.text, part.size);
	}
}

static void find_cgroup(const char *name)
{
	struct cgroup_filter filter = { 0 };

	if (!cgroup_filter__find(&filter, proc.path, name))
		cgroup_filter__holds(&filter, proc.path, PID);
	cgroup_filter__free(&filter);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const struct memory_range ranges[] = { { 0x1000, 0x5000 }, { 0x7000, ~0ULL } };
	struct residency_target target = { .proc = proc.path, .pid = PID };
	struct residency residency = { 0 };
	struct mount_place place;
	char path[256];
	uint64_t ticks;

	write_files(data, size);
	process_start_ticks(proc.path, PID, &ticks);
	process_is_kernel_thread(proc.path, PID);
	process_memory(proc.path, PID, &target.memory);
	if (!process_cgroup(proc.path, PID, path, sizeof(path)) && !memchr(path, 0, sizeof(path)))
		abort();
	find_cgroup("a");
	find_cgroup("/sys/fs/cgroup");
	for (int mount = 0; mount < 3; mount++) {
		mount__place(&place, proc.path, "/sys", PID, mount);
		mount__is_local(proc.path, PID, mount);
	}
	residency__read_maps(&residency, &target);
	target.ranges = ranges;
	target.count = sizeof(ranges) / sizeof(ranges[0]);
	residency = (struct residency){ 0 };
	residency__read_maps(&residency, &target);
	return 0;
}
