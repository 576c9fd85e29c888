// SPDX-License-Identifier: GPL-2.0-only
#include "host/vm_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/units.h"
#include "host/proc.h"
#include "model/list.h"

/*
 * How many open files are looked at. A VMM opens its VM early, so a few files of each process find
 * nearly all VMs. Users with processes that have more share the rest evenly, and so do the
 * processes of each user: a file takes a few us, and a process may have a million.
 */
#define FIRST_FILES 64
#define ALL_FILES 250000U

/* Of processes that are remembered: nobody can make the list longer by having more. */
#define MEMORY_MAX 65536

/* A process with more files than were looked at. */
struct full_process {
	struct scanned_process process;
	uint32_t uid;
};

struct scan {
	const char *proc;
	void (*found)(void *context, uint32_t pid);
	void *context;
	struct vm_refusals *refusals;
	struct scan_memory *memory; /* NULL: it is to look at all */
	LIST(struct full_process) full;
};

/* How far a process's files have been looked at. */
struct look {
	uint32_t left; /* how many more may be */
	bool any;      /* one could be followed */
	bool more;     /* there are some that were not looked at */
};

/* 1: it is a VM, 0: it is not, or -errno. */
static int look_at(int folder, const char *name, struct look *look)
{
	static const char vm[] = "anon_inode:kvm-vm";
	char target[32];
	ssize_t length = readlinkat(folder, name, target, sizeof(target));

	look->left--;
	look->any |= length >= 0;
	if (length < 0)
		return errno == EACCES || errno == EPERM ? -errno : 0;
	return length == sizeof(vm) - 1 && !memcmp(target, vm, sizeof(vm) - 1);
}

/* A few names at a time: the kernel makes an inode for each. */
static int look_at_all(int folder, struct look *look)
{
	char names[FIRST_FILES * 24];
	int result = 0;
	ssize_t size;

	while (result <= 0 && (size = getdents64(folder, names, sizeof(names))) > 0) {
		if (interrupted())
			return -EINTR;
		for (ssize_t at = 0; at < size && result <= 0;) {
			const struct dirent64 *entry = (const void *)(names + at);

			at += entry->d_reclen;
			if (entry->d_name[0] == '.')
				continue;
			look->more = !look->left;
			if (look->more)
				return result;
			/* Notes a link that could not be followed; counts one that is a VM. */
			int one = look_at(folder, entry->d_name, look);

			result = one ? one : result;
		}
	}
	return result;
}

/*
 * Returns whether the process holds a VM, or -errno. A tool that may list the folder may still not
 * be allowed to follow its links.
 */
static int holds_vm(const char *proc, uint32_t pid, struct look *look)
{
	char path[PATH_MAX];
	int folder, result;

	snprintf(path, sizeof(path), "%s/%u/fd", proc, pid);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	result = look_at_all(folder, look);
	close(folder);
	return result;
}

static void count_refusal(struct vm_refusals *refusals, uint32_t uid)
{
	if (!refusals->count++)
		refusals->uid = uid;
	else if (uid != refusals->uid)
		refusals->mixed = true;
}

void vm_refusals__add_cut(struct vm_refusals *refusals, uint32_t uid)
{
	refusals->cut++;
	count_refusal(refusals, uid);
}

/* Returns whether the process is still there. */
static bool find_owner(const char *proc, uint32_t pid, uint32_t *uid)
{
	char path[PATH_MAX];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%u", proc, pid);
	if (stat(path, &status))
		return false;
	*uid = status.st_uid;
	return true;
}

/* A kernel thread has no files, and nobody misses it. */
static void refuse(struct scan *scan, uint32_t pid)
{
	uint32_t uid;

	if (!process_is_kernel_thread(scan->proc, pid) && find_owner(scan->proc, pid, &uid))
		count_refusal(scan->refusals, uid);
}

static int put_off(struct scan *scan, const struct scanned_process *process)
{
	struct full_process *full = list_add(&scan->full);

	if (!full)
		return -ENOMEM;
	full->process = *process;
	if (!find_owner(scan->proc, process->pid, &full->uid))
		scan->full.count--;
	return 0;
}

static int by_pid(const void *left, const void *right)
{
	const struct scanned_process *a = left, *b = right;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

/* What is known for sure of it. */
static int settle(struct scan *scan, const struct scanned_process *process)
{
	struct scan_memory *memory = scan->memory;
	struct scanned_process *place;

	if (process->vm)
		scan->found(scan->context, process->pid);
	if (!memory || !process->files.inode || memory->now.count == MEMORY_MAX)
		return 0;
	place = list_add(&memory->now);
	if (!place)
		return -ENOMEM;
	*place = *process;
	return 0;
}

/* What the last scan found out, if the process seems unchanged; or NULL. */
static const struct scanned_process *recall(const struct scan *scan,
					    const struct scanned_process *process)
{
	const struct scanned_process *last;

	if (!process->files.inode)
		return NULL;
	last = list_find(&scan->memory->last, process, by_pid);
	return last && process_files__same(&last->files, &process->files) ? last : NULL;
}

/* An error that has nothing to do with the process. */
static bool is_own(int error)
{
	return error == -EINTR || error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

static int scan_process(struct scan *scan, uint32_t pid)
{
	struct scanned_process process = { .pid = pid };
	const struct scanned_process *last = NULL;
	struct look look = { .left = FIRST_FILES };
	int result = 0;

	if (scan->memory) {
		process_files(scan->proc, pid, &process.files);
		last = recall(scan, &process);
	}
	if (last) {
		process = *last;
	} else {
		result = holds_vm(scan->proc, pid, &look);
		process.followed = look.any && pid != (uint32_t)getpid();
		process.vm = result > 0;
	}
	if (is_own(result))
		return result;
	scan->refusals->looked_into += process.followed;
	if (result >= 0 && (process.vm || !look.more))
		return settle(scan, &process);
	if (look.more)
		return put_off(scan, &process);
	refuse(scan, pid);
	return 0;
}

static int by_uid(const void *left, const void *right)
{
	const struct full_process *a = left, *b = right;

	if (a->uid != b->uid)
		return a->uid < b->uid ? -1 : 1;
	return by_pid(&a->process, &b->process);
}

/* Looks at more files of a process. Returns how many, or -errno. */
static int scan_full(struct scan *scan, struct full_process *full, uint32_t share)
{
	struct look look = { .left = share };
	int result = holds_vm(scan->proc, full->process.pid, &look), error = 0;

	if (is_own(result))
		return result;
	full->process.vm = result > 0;
	if (result > 0 || (!result && !look.more))
		error = settle(scan, &full->process);
	else if (look.more)
		vm_refusals__add_cut(scan->refusals, full->uid);
	else
		refuse(scan, full->process.pid);
	return error ? error : (int)(share - look.left);
}

static size_t count_users(const struct scan *scan)
{
	size_t users = 0;

	for (size_t i = 0; i < scan->full.count; i++)
		users += !i || scan->full.list[i].uid != scan->full.list[i - 1].uid;
	return users;
}

/* What one user does not need goes to the others. */
static int scan_all_full(struct scan *scan)
{
	struct full_process *list = scan->full.list;
	size_t count = scan->full.count, users, end;
	uint32_t left = ALL_FILES;

	list_sort(&scan->full, by_uid);
	users = count_users(scan);
	for (size_t begin = 0; begin < count; begin = end) {
		uint32_t share = left / (uint32_t)(users ? users-- : 1);

		for (end = begin; end < count && list[end].uid == list[begin].uid;)
			end++;
		for (size_t i = begin; i < end; i++) {
			int looked = scan_full(scan, &list[i], share / (uint32_t)(end - i));

			if (looked < 0)
				return looked;
			share -= (uint32_t)looked;
			left -= (uint32_t)looked;
		}
	}
	return 0;
}

/* Returns 0 or -errno; -ENOENT: there is no process. */
static int scan_folder(struct scan *scan, DIR *folder)
{
	struct dirent *entry;
	bool any = false;
	int error = 0;

	while (!error && (entry = readdir(folder))) {
		uint64_t pid;

		if (parse_number(entry->d_name, 1, UINT32_MAX, &pid))
			continue;
		any = true;
		error = interrupted() ? -EINTR : scan_process(scan, (uint32_t)pid);
	}
	return error || any ? error : -ENOENT;
}

/* Whether the kernel tells how many files a process has: this one has some. */
static bool tells_files(const char *proc)
{
	struct process_files files;

	return !process_files(proc, (uint32_t)getpid(), &files) && files.count;
}

/* Only a scan that came to its end knows better than the one before. */
static void take_over(struct scan_memory *memory, bool whole)
{
	struct list last = memory->last.all;

	if (whole) {
		memory->last.all = memory->now.all;
		memory->now.all = last;
		list_sort(&memory->last, by_pid);
	}
	list_clear(&memory->now);
}

void scan_memory__free(struct scan_memory *memory)
{
	list_free(&memory->last);
	list_free(&memory->now);
}

int vms__scan(const char *proc, void (*found)(void *context, uint32_t pid), void *context,
	      struct vm_refusals *refusals)
{
	return vms__scan_changed(NULL, proc, found, context, refusals);
}

int vms__scan_changed(struct scan_memory *memory, const char *proc,
		      void (*found)(void *context, uint32_t pid), void *context,
		      struct vm_refusals *refusals)
{
	struct scan scan = { .proc = proc, .found = found, .context = context };
	const char *before;
	DIR *folder = opendir(proc);
	int error;

	*refusals = (struct vm_refusals){ 0 };
	scan.refusals = refusals;
	scan.memory = memory && tells_files(proc) ? memory : NULL;
	if (!folder)
		return -errno;
	before = interrupt__guard("looking for VMs");
	error = scan_folder(&scan, folder);
	if (!error)
		error = scan_all_full(&scan);
	interrupt__guard(before);
	closedir(folder);
	if (memory)
		take_over(memory, !error);
	list_free(&scan.full);
	return error;
}

bool vm_refusals__blind(const struct vm_refusals *refusals)
{
	return refusals->count - refusals->cut > refusals->looked_into;
}

bool vms__unseen(size_t found, enum proc_view view, const struct vm_refusals *refusals)
{
	return proc_view__is_foreign(view) ||
	       (!found && (view == PROC_VIEW_HIDDEN || vm_refusals__blind(refusals)));
}

void vm_refusals__name(const struct vm_refusals *refusals, char *text, size_t size)
{
	snprintf(text, size, "process%s of user %u%s not looked into (may be VMs)",
		 refusals->count == 1 ? "" : "es", refusals->uid,
		 refusals->mixed ? " and others" : "");
}

void vm_refusals__describe(const struct vm_refusals *refusals, char *text, size_t size)
{
	bool one = refusals->count == 1, cut = refusals->cut == refusals->count;

	text[0] = '\0';
	if (refusals->count)
		snprintf(text, size, "%u process%s of user %u%s could not be looked into: %s",
			 refusals->count, one ? "" : "es", refusals->uid,
			 refusals->mixed ? " and others" : "",
			 cut ? "too many open files, or disks"
			     : "that takes root, or CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE");
}
