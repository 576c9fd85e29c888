// SPDX-License-Identifier: GPL-2.0-only
/* Finds the VMs of the host: their cgroups, who else is in these, and their disks. */
#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/units.h"
#include "disks/io_vms_internal.h"
#include "host/proc.h"

#define REFRESH_MIN_NS (2 * NSEC_PER_SEC)
#define REFRESH_SHARE 200 /* of a CPU: one part in so many */
#define REST_SHARE 20000  /* the same for looks that find nothing new, as a rule */
#define WHOLE_SHARE 50000 /* and for those that do not trust that nothing has changed */
#define REST_MAX_NS (600 * NSEC_PER_SEC)
#define LEVELS_MAX 64	 /* of cgroups, up from a VM's */
#define FOLDERS_MAX 2048 /* below a VM's cgroup: its owner may make any number */

struct refresh {
	struct io_vms *vms;
	LIST(struct live_vm) before; /* by ascending PID */
	bool whole;		     /* nothing is taken for unchanged */
	int error;
};

/* Before Linux 6.2 the kernel does not tell how many there are. */
static void read_files(const struct io_vms *vms, uint32_t pid, struct process_files *files)
{
	if (!process_files(vms->proc, pid, files) && !files->count)
		files->count = process_count_files(vms->proc, pid);
}

static bool seems_same(const struct live_vm *vm, const struct process_files *files)
{
	return files->count && process_files__same(&vm->files, files);
}

/* Takes over what is known of a VM that seems unchanged. Returns whether it does. */
static bool keep(struct refresh *refresh, uint32_t pid, const struct process_files *files)
{
	struct vm wanted = { .pid = pid };
	const struct live_vm key = { .vm = &wanted };
	struct live_vm *before = list_find(&refresh->before, &key, live_vm__compare), *vm;

	if (refresh->whole || !before || !seems_same(before, files))
		return false;
	vm = list_add(refresh->vms);
	if (!vm) {
		refresh->error = -ENOMEM;
		return true;
	}
	*vm = (struct live_vm){ .vm = before->vm,
				.disks = before->disks,
				.uid = before->uid,
				.files = before->files,
				.kept = true };
	before->disks = NULL;
	return true;
}

static void found_vm(void *context, uint32_t pid)
{
	struct refresh *refresh = context;
	struct io_vms *vms = refresh->vms;
	struct identity identity = { .vm_pid = pid, .is_vcpu = true };
	struct process_files files = { 0 };
	struct live_vm *vm;
	uint64_t ticks;

	/* Before all else: what changes meanwhile shows at the next look. */
	if (vms->rest_ns)
		read_files(vms, pid, &files);
	if (!refresh->error && keep(refresh, pid, &files))
		return;
	if (refresh->error || process_start_ticks(vms->proc, pid, &ticks) ||
	    read_file(identity.vm_comm, sizeof(identity.vm_comm), "%s/%u/comm", vms->proc, pid) < 0)
		return; /* it has gone */
	identity.vm_start_ns = ticks * (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	identity.vm_comm[strcspn(identity.vm_comm, "\n")] = '\0';
	vm = list_add(vms);
	if (vm)
		vm->files = files;
	if (vm)
		vm->vm = vms__get(vms->registry, &identity);
	if (vm && vm->vm)
		vm->disks = calloc(1, sizeof(*vm->disks));
	if (!vm || !vm->vm || !vm->disks)
		refresh->error = -ENOMEM;
	else if (process_user(vms->proc, pid, &vm->uid))
		vm->uid = UINT32_MAX; /* nobody's share is taken */
}

/*
 * The block layer books a request on the nearest cgroup above that has the io controller; cgroups
 * below it have no file io.stat. The root is no VM's. 0 or -ENOMEM.
 */
static int find_cgroup(const struct io_vms *vms, struct live_vm *vm)
{
	char path[PATH_MAX], file[PATH_MAX + 16];
	const char *cgroup = vms__cgroup(vms->registry, vm->vm->pid, vm->vm->start_ns);
	const char *own = cgroup ? cgroup : "/";
	size_t root = strlen(vms->cgroups);
	struct stat status;

	if (snprintf(path, sizeof(path), "%s%s", vms->cgroups, own) >= (int)sizeof(path))
		return 0;
	for (int level = 0; level < LEVELS_MAX && strlen(path) > root + 1; level++) {
		snprintf(file, sizeof(file), "%s/io.stat", path);
		if (!access(file, F_OK) && !stat(path, &status)) {
			/* A cgroup's id is its folder's inode: kernfs, 5.5 on 64 bits. */
			vm->cgroup = strdup(path + root);
			vm->cgroup_id = vm->cgroup ? status.st_ino : 0;
			return vm->cgroup ? 0 : -ENOMEM;
		}
		*strrchr(path, '/') = '\0';
	}
	return 0;
}

static bool seems_unchanged(const struct io_vms *vms, uint64_t now_ns)
{
	struct process_files files;

	if (!vms->rest_ns || now_ns >= vms->rested_ns)
		return false;
	for (size_t i = 0; i < vms->count; i++) {
		read_files(vms, vms->list[i].vm->pid, &files);
		if (!seems_same(&vms->list[i], &files))
			return false;
	}
	return true;
}

void io_vms__look_again(struct io_vms *vms)
{
	vms->rested_ns = 0;
}

static int look_at(struct io_vms *vms, struct live_vm *vm)
{
	if (find_cgroup(vms, vm))
		return -ENOMEM;
	if (!vm->kept || !disks__have_same_files(vm->disks))
		disks__read(vm->disks, vms->proc, vm->vm->pid);
	return disk_ids__assign(&vms->disk_ids, vm->vm->start_ns, vm->disks);
}

static void leave_out(struct io_vms *vms, struct live_vm *vm)
{
	vm_refusals__add_cut(&vms->refusals, vm->uid);
	disks__free(vm->disks);
	vm->files.count = 0; /* the next look is at all of it */
}

/* Whether a cgroup has a process that is neither this one nor the kernel's. */
static bool has_other(const struct io_vms *vms, const char *folder, uint32_t pid)
{
	char procs[65536], *rest = procs;
	bool found = false;

	/* In a threaded cgroup it cannot be read: its processes are in the one above. */
	if (read_file(procs, sizeof(procs), "%s/cgroup.procs", folder) <= 0)
		return false;
	for (char *word; !found && (word = strtok_r(rest, "\n", &rest));) {
		uint64_t other;

		found = !parse_number(word, 1, UINT32_MAX, &other) && other != pid &&
			!process_is_kernel_thread(vms->proc, (uint32_t)other);
	}
	return found;
}

/* The same for a cgroup and all below it. If it is not known, there may be one. */
static bool has_others(const struct io_vms *vms, const char *path, uint32_t pid)
{
	char top[PATH_MAX], *const tops[] = { top, NULL };
	bool found = false;
	FTSENT *entry;
	int left = FOLDERS_MAX;
	FTS *walk;

	if (snprintf(top, sizeof(top), "%s%s", vms->cgroups, path) >= (int)sizeof(top))
		return true;
	walk = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	if (!walk)
		return true;
	while (!found && (entry = fts_read(walk)))
		if (entry->fts_info == FTS_D)
			found = !left-- || interrupted() || has_other(vms, entry->fts_path, pid);
	fts_close(walk);
	return found;
}

static int look_for_others(struct io_vms *vms, struct live_vm *vm)
{
	if (vm->cgroup_id && !vm->cgroup_of_others)
		vm->cgroup_of_others = has_others(vms, vm->cgroup, vm->vm->pid);
	return 0;
}

static void suppose_others(struct io_vms *vms, struct live_vm *vm)
{
	(void)vms;
	vm->cgroup_of_others = true;
}

static int by_cgroup(const void *left, const void *right)
{
	const struct live_vm *a = left, *b = right;

	return a->cgroup_id < b->cgroup_id ? -1 : a->cgroup_id > b->cgroup_id;
}

/* Another VM is another process as well. */
static void find_sharers(struct io_vms *vms)
{
	list_sort(vms, by_cgroup);
	for (size_t i = 1; i < vms->count; i++) {
		struct live_vm *a = &vms->list[i - 1], *b = &vms->list[i];

		if (!b->cgroup_id || a->cgroup_id != b->cgroup_id)
			continue;
		a->cgroup_of_vms = b->cgroup_of_vms = true;
		a->cgroup_of_others = b->cgroup_of_others = true;
	}
}

static int by_user(const void *left, const void *right)
{
	const struct live_vm *a = left, *b = right;

	if (a->uid != b->uid)
		return a->uid < b->uid ? -1 : 1;
	return live_vm__compare(a, b);
}

static size_t count_users(const struct io_vms *vms)
{
	size_t users = 0;

	for (size_t i = 0; i < vms->count; i++)
		users += !i || vms->list[i].uid != vms->list[i - 1].uid;
	return users;
}

/*
 * Calls look for each VM until its user's share of the time is used up, and leave_out for the rest.
 * What one user does not need goes to the others. Returns 0 or -errno.
 */
static int share_out(struct io_vms *vms, int (*look)(struct io_vms *vms, struct live_vm *vm),
		     void (*leave_out)(struct io_vms *vms, struct live_vm *vm))
{
	uint64_t left = vms->budget_ns, begin, spent;
	size_t users, i = 0;
	int error = 0;

	list_sort(vms, by_user);
	users = count_users(vms);
	while (i < vms->count) {
		uint32_t uid = vms->list[i].uid;
		uint64_t share = users > 1 ? left / users : left;

		users--;
		begin = clock_thread_cpu_ns();
		for (spent = 0; i < vms->count && vms->list[i].uid == uid; i++) {
			if (interrupted())
				return -EINTR;
			if (spent >= share)
				leave_out(vms, &vms->list[i]);
			else
				error = look(vms, &vms->list[i]);
			if (error)
				return error;
			spent = clock_thread_cpu_ns() - begin;
		}
		left -= spent < left ? spent : left;
	}
	return 0;
}

/* The registry forgets those that have gone. */
static void sweep(struct io_vms *vms)
{
	struct snapshot snapshot = { 0 };

	for (size_t i = 0; i < vms->count; i++) {
		struct thread_snapshot *thread = list_add(&snapshot.threads);

		if (!thread)
			break;
		*thread = (struct thread_snapshot){
			.identity = { .vm_pid = vms->list[i].vm->pid,
				      .vm_start_ns = vms->list[i].vm->start_ns }
		};
	}
	if (snapshot.threads.count == vms->count)
		vms__sweep(vms->registry, &snapshot);
	snapshot__free(&snapshot);
}

static int find_vms(struct refresh *refresh)
{
	struct io_vms *vms = refresh->vms;
	int error;

	if (refresh->whole)
		scan_memory__free(&vms->scanned);
	error = vms__scan_changed(vms->rest_ns ? &vms->scanned : NULL, vms->proc, found_vm, refresh,
				  &vms->refusals);
	return error ? error : refresh->error;
}

static int read_all(struct refresh *refresh)
{
	struct io_vms *vms = refresh->vms;
	int error = devices__read(vms->devices);

	if (!error)
		error = find_vms(refresh);
	if (!error)
		error = share_out(vms, look_at, leave_out);
	if (error)
		return error;
	find_sharers(vms);
	return share_out(vms, look_for_others, suppose_others);
}

static uint64_t rest_after(const struct io_vms *vms, uint64_t cost_ns, uint64_t share)
{
	uint64_t rest_ns = cost_ns * share;

	if (rest_ns > REST_MAX_NS)
		rest_ns = REST_MAX_NS;
	return rest_ns > vms->rest_ns ? rest_ns : vms->rest_ns;
}

static void set_times(struct io_vms *vms, uint64_t now_ns, uint64_t cost_ns, bool whole)
{
	uint64_t period = cost_ns * REFRESH_SHARE;

	vms->next_ns = now_ns + (period > REFRESH_MIN_NS ? period : REFRESH_MIN_NS);
	vms->rested_ns = now_ns + (whole ? vms->rest_ns : rest_after(vms, cost_ns, REST_SHARE));
	if (whole)
		vms->whole_ns = now_ns + rest_after(vms, cost_ns, WHOLE_SHARE);
}

int io_vms__refresh(struct io_vms *vms, uint64_t now_ns)
{
	struct refresh refresh = { .vms = vms, .whole = !vms->rest_ns || now_ns >= vms->whole_ns };
	uint64_t begin = clock_thread_cpu_ns();
	const char *before;
	int error;

	if (now_ns < vms->next_ns || seems_unchanged(vms, now_ns))
		return 0;
	refresh.before.all = vms->all;
	vms->all = (struct list){ 0 };
	disk_ids__begin(&vms->disk_ids);
	before = interrupt__guard("looking for VMs");
	error = read_all(&refresh);
	interrupt__guard(before);
	for (size_t i = 0; i < refresh.before.count; i++)
		live_vm__free(&refresh.before.list[i]);
	list_free(&refresh.before);
	if (error) {
		io_vms__forget(vms); /* what is half there must not be looked at */
		return error;
	}
	list_sort(vms, live_vm__compare);
	sweep(vms);
	set_times(vms, now_ns, clock_thread_cpu_ns() - begin, refresh.whole);
	return 1;
}
