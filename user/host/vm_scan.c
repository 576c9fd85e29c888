// SPDX-License-Identifier: GPL-2.0-only
#include "host/vm_scan.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "host/proc.h"

/*
 * Returns whether the process holds a VM, or -errno. Who may list the folder may still not follow
 * what is in it. Adds a process that has files to looked_into.
 */
static int holds_vm(const char *proc, uint32_t pid, uint32_t *looked_into)
{
	static const char vm[] = "anon_inode:kvm-vm";
	char path[PATH_MAX], target[32];
	struct dirent *entry;
	int result = 0;
	bool any = false;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/%u/fd", proc, pid);
	folder = opendir(path);
	if (!folder)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	while (result <= 0 && (entry = readdir(folder))) {
		ssize_t length;

		if (entry->d_name[0] == '.')
			continue;
		length = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target));
		any |= length >= 0;
		if (length < 0 && (errno == EACCES || errno == EPERM))
			result = -errno;
		else if (length == sizeof(vm) - 1 && !memcmp(target, vm, sizeof(vm) - 1))
			result = 1;
	}
	closedir(folder);
	*looked_into += any && pid != (uint32_t)getpid();
	return result;
}

/* A kernel thread has no files, and nobody is missing it. */
static void refuse(struct vm_refusals *refusals, const char *proc, uint32_t pid)
{
	char path[PATH_MAX];
	struct stat status;

	if (process_is_kernel_thread(proc, pid))
		return;
	snprintf(path, sizeof(path), "%s/%u", proc, pid);
	if (stat(path, &status))
		return;
	if (!refusals->count++)
		refusals->uid = status.st_uid;
	else if (status.st_uid != refusals->uid)
		refusals->mixed = true;
}

int vms__scan(const char *proc, void (*found)(void *context, uint32_t pid), void *context,
	      struct vm_refusals *refusals)
{
	struct dirent *entry;
	bool any = false;
	DIR *folder = opendir(proc);

	*refusals = (struct vm_refusals){ 0 };
	if (!folder)
		return -errno;
	while ((entry = readdir(folder))) {
		uint64_t pid;
		int result;

		if (parse_number(entry->d_name, 1, UINT32_MAX, &pid))
			continue;
		any = true;
		result = holds_vm(proc, (uint32_t)pid, &refusals->looked_into);
		if (result > 0)
			found(context, (uint32_t)pid);
		else if (result < 0)
			refuse(refusals, proc, (uint32_t)pid);
	}
	closedir(folder);
	return any ? 0 : -ENOENT;
}

bool vm_refusals__blind(const struct vm_refusals *refusals)
{
	return refusals->count > refusals->looked_into;
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
	bool one = refusals->count == 1;

	text[0] = '\0';
	if (refusals->count)
		snprintf(text, size,
			 "%u process%s of user %u%s could not be looked into: that takes root, or "
			 "CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE",
			 refusals->count, one ? "" : "es", refusals->uid,
			 refusals->mixed ? " and others" : "");
}
