// SPDX-License-Identifier: GPL-2.0-only
#include "host/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "host/cgroup.h"
#include "model/view_sets.h"

/* The number behind a key at the beginning of a line, or 0. */
static uint64_t number_of(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, length) && line[length] == ' ')
			return strtoull(line + length, NULL, 10);
	}
	return 0;
}

static void read_cpu(struct cgroup_limit *limit, struct kept_files *files, const char *folder)
{
	char text[1024];
	uint64_t quota_us, period_us;

	if (kept_files__read(files, text, sizeof(text), "%s/cpu.weight", folder) > 0)
		limit->cpu_weight = (uint32_t)strtoul(text, NULL, 10);
	if (kept_files__read(files, text, sizeof(text), "%s/cpu.max", folder) <= 0)
		return;
	limit->cpu_known = true;
	if (sscanf(text, "%" SCNu64 " %" SCNu64, &quota_us, &period_us) == 2) {
		limit->quota_ns = quota_us * NSEC_PER_USEC;
		limit->period_ns = period_us * NSEC_PER_USEC;
	}
	if (kept_files__read(files, text, sizeof(text), "%s/cpu.stat", folder) <= 0)
		return;
	limit->periods = number_of(text, "nr_periods");
	limit->short_periods = number_of(text, "nr_throttled");
	limit->throttled_ns = number_of(text, "throttled_usec") * NSEC_PER_USEC;
}

static void read_io(struct cgroup_limit *limit, struct kept_files *files, const char *folder)
{
	ssize_t length =
		kept_files__read(files, limit->io_max, sizeof(limit->io_max), "%s/io.max", folder);

	if (length < 0)
		limit->io_max[0] = '\0';
	for (char *c = limit->io_max; *c; c++)
		if (*c == '\n')
			*c = c[1] ? ';' : '\0';
}

/* The same cgroup, if it is one of the VM before, too: VMs next to one another are next of kin. */
static const struct cgroup_limit *find_read(const struct view *view, size_t begin, const char *path)
{
	for (size_t i = begin; i < view->limits.count; i++)
		if (!strcmp(view->limits.list[i].path, path))
			return &view->limits.list[i];
	return NULL;
}

/*
 * The path of this cgroup, then of each one above it, up to the root. before: where those of the VM
 * before begin in the list.
 */
static int add_path(struct view *view, struct kept_files *files, const struct vm *vm, char *path,
		    const char *cgroups, size_t before)
{
	char folder[2 * VM_CGROUP_SIZE];
	uint32_t depth = 0;

	for (const char *c = path; *c; c++)
		depth += *c == '/';
	for (; path[0] && path[1]; *strrchr(path, '/') = '\0', depth--) {
		struct cgroup_limit limit = { .depth = depth }, *place;
		const struct cgroup_limit *read = find_read(view, before, path);

		if (read) {
			limit = *read;
		} else {
			memcpy(limit.path, path, strlen(path) + 1);
			snprintf(folder, sizeof(folder), "%s%s", cgroups, path);
			read_cpu(&limit, files, folder);
			read_io(&limit, files, folder);
		}
		limit.vm_pid = vm->pid;
		limit.vm_start_ns = vm->start_ns;
		place = list_add(&view->limits);
		if (!place)
			return -ENOMEM;
		*place = limit;
	}
	return 0;
}

/*
 * The first vCPU's thread of each VM, by its place in the list; 0: it has none. libvirt gives each
 * vCPU a cgroup of its own, all with the same limits: one is enough.
 */
static uint32_t *first_vcpus(const struct snapshot *snapshot)
{
	uint32_t *tids = calloc(snapshot->vms.count + 1, sizeof(*tids));

	for (size_t i = 0; tids && i < snapshot->threads.count; i++) {
		const struct identity *identity = &snapshot->threads.list[i].identity;
		const struct vm *vm =
			identity->is_vcpu ? snapshot__vm_of(snapshot, identity) : NULL;

		if (vm && !tids[vm - snapshot->vms.list])
			tids[vm - snapshot->vms.list] = identity->tid;
	}
	return tids;
}

static int find_path(struct kept_files *files, const char *proc, uint32_t tid, char *path,
		     size_t size)
{
	char text[CGROUP_TEXT_SIZE];
	ssize_t got = kept_files__read(files, text, sizeof(text), "%s/%u/cgroup", proc, tid);

	return got < 0 ? (int)got : cgroup__from_text(text, path, size);
}

int limits__read(struct view *view, struct kept_files *files, const char *proc, const char *cgroups)
{
	uint32_t *tids = first_vcpus(&view->sched);
	size_t before = 0;
	int error = tids ? 0 : -ENOMEM;

	list_clear(&view->limits);
	for (size_t i = 0; i < view->sched.vms.count && !error; i++) {
		const struct vm *vm = &view->sched.vms.list[i];
		size_t begin = view->limits.count;
		char path[VM_CGROUP_SIZE];

		if (!vm->chosen ||
		    find_path(files, proc, tids[i] ? tids[i] : vm->pid, path, sizeof(path)))
			continue;
		error = add_path(view, files, vm, path, cgroups, before);
		before = begin;
	}
	free(tids);
	kept_files__sweep(files);
	set__sort(&limit_set, &view->limits.all);
	return error;
}
