// SPDX-License-Identifier: GPL-2.0-only
/* Residency by memory.numa_stat of the VM's own cgroup. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/units.h"
#include "host/numa_maps.h"
#include "host/residency_internal.h"

/* How much the kernel counts on a CPU before it adds that up: MEMCG_CHARGE_BATCH. */
#define BATCH_PAGES 64

/* A limit, since whoever may make cgroups below or beside a VM's may make any number. */
#define FOLDERS_MAX 2048

struct folders {
	char **list;
	size_t count;
	size_t capacity;
};

static int folders__add(struct folders *folders, const char *parent, const char *name)
{
	if (folders->count == folders->capacity) {
		size_t capacity = folders->capacity ? folders->capacity * 2 : 16;
		void *list = reallocarray(folders->list, capacity, sizeof(*folders->list));

		if (!list)
			return -ENOMEM;
		folders->list = list;
		folders->capacity = capacity;
	}
	if (asprintf(&folders->list[folders->count], "%s/%s", parent, name) < 0)
		return -ENOMEM;
	folders->count++;
	return 0;
}

static void folders__free(struct folders *folders)
{
	for (size_t i = 0; i < folders->count; i++)
		free(folders->list[i]);
	free(folders->list);
}

/*
 * Looks at the processes of a cgroup, without those of cgroups below. Returns 0 if all are the
 * VM's, or kernel threads, which have no memory (KVM and vhost use some until 6.4); -EOPNOTSUPP: it
 * is threaded, so the cgroup above lists its processes; -EBUSY: there are others; or -errno.
 */
static int check_processes(const struct residency_target *target, const char *cgroup)
{
	char path[PATH_MAX], line[32];
	int error = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	errno = 0;
	while (!error && fgets(line, sizeof(line), file)) {
		uint32_t pid = (uint32_t)strtoul(line, NULL, 10);

		if (pid != target->pid && !process_is_kernel_thread(target->proc, pid))
			error = -EBUSY;
	}
	if (ferror(file))
		error = errno ? -errno : -EIO;
	fclose(file);
	return error;
}

/*
 * Adds the cgroups right below one, except one that has been looked at, unless there are too many.
 */
static int add_children(struct folders *folders, const char *cgroup, const char *except)
{
	struct dirent *entry;
	int error = 0;
	DIR *folder = opendir(cgroup);

	if (!folder)
		return -errno;
	while (!error && (entry = readdir(folder))) {
		if (folders->count > FOLDERS_MAX)
			error = -E2BIG;
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (!except || strcmp(entry->d_name, except) != 0)
			error = folders__add(folders, cgroup, entry->d_name);
	}
	closedir(folder);
	return error;
}

/*
 * Whether a cgroup and all below it, without its child except, hold no process but the VM's. *left:
 * how many may still be looked at.
 */
static bool is_own(const struct residency_target *target, const char *cgroup, const char *except,
		   size_t *left)
{
	struct folders folders = { 0 };
	int error = folders__add(&folders, target->cgroups, cgroup + 1);

	for (size_t i = 0; !error && i < folders.count; i++) {
		if (!*left || interrupted()) {
			error = -E2BIG;
			break;
		}
		--*left;
		error = check_processes(target, folders.list[i]);
		if (error == -EOPNOTSUPP)
			error = 0;
		else if (!error)
			error = add_children(&folders, folders.list[i], i ? NULL : except);
	}
	folders__free(&folders);
	return !error;
}

/*
 * Finds the topmost cgroup that is the VM's alone, from that of its process upwards: libvirt puts
 * the threads of a VM into cgroups below a common one. Returns false if there is none.
 */
static bool find_own(const struct residency_target *target, char own[PATH_MAX])
{
	char path[PATH_MAX], except[NAME_MAX + 1] = "", *name;
	size_t left = FOLDERS_MAX;

	own[0] = '\0';
	/* Below the root, and inside this cgroup namespace. */
	if (!target->cgroup || target->cgroup[0] != '/' || strstr(target->cgroup, "/.."))
		return false;
	snprintf(path, sizeof(path), "%s", target->cgroup);
	while (path[0] && path[1] && is_own(target, path, except, &left)) {
		snprintf(own, PATH_MAX, "%s", path);
		name = strrchr(path, '/');
		snprintf(except, sizeof(except), "%s", name + 1);
		*name = '\0';
	}
	return own[0];
}

/* Page cache is not the VM's memory: "file" is left out, but shmem, a part of it, counts. */
static bool add_line(struct residency *residency, char *line)
{
	char *rest, *word = strtok_r(line, " \n", &rest);
	uint64_t bytes;
	uint32_t node;

	if (!word || (strcmp(word, "anon") != 0 && strcmp(word, "shmem") != 0))
		return false;
	while ((word = strtok_r(NULL, " \n", &rest)))
		if (node_word(word, &node, &bytes))
			residency->bytes[node] += bytes;
	return true;
}

static int read_numa_stat(struct residency *residency, const char *cgroups, const char *own)
{
	char path[PATH_MAX], *line = NULL;
	unsigned int found = 0;
	size_t size = 0;
	FILE *file;

	if (snprintf(path, sizeof(path), "%s%s/memory.numa_stat", cgroups, own) >= PATH_MAX)
		return -EOPNOTSUPP;
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? -EOPNOTSUPP : -errno;
	while (getline(&line, &size, file) > 0)
		found += add_line(residency, line);
	free(line);
	fclose(file);
	return found == 2 ? 0 : -EOPNOTSUPP;
}

/*
 * Whether the cgroup has as much as the process: memory counts for the cgroup that touched it
 * first, which may have been that of another process, or an earlier one of this process.
 */
static bool agrees(const struct residency *residency, const struct process_memory *memory)
{
	uint64_t has = residency__total(residency);
	uint64_t wanted = memory->anon_bytes + memory->shmem_bytes;
	uint64_t difference = has > wanted ? has - wanted : wanted - has;
	uint64_t batches = BATCH_PAGES * (uint64_t)sysconf(_SC_PAGESIZE) *
			   (uint64_t)sysconf(_SC_NPROCESSORS_CONF);

	return difference <= wanted / 50 + batches;
}

int residency__read_cgroup(struct residency *residency, const struct residency_target *target)
{
	char own[PATH_MAX];
	int error;

	/* Which node hugetlb pages are on is not in memory.numa_stat. */
	if (target->memory.hugetlb_bytes || !find_own(target, own))
		return -EOPNOTSUPP;
	residency->source = RESIDENCY_CGROUP;
	error = read_numa_stat(residency, target->cgroups, own);
	if (error)
		return error;
	return agrees(residency, &target->memory) ? 0 : -EOPNOTSUPP;
}
