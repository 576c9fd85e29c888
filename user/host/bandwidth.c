// SPDX-License-Identifier: GPL-2.0-only
#include "host/bandwidth.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "host/proc.h"

struct bandwidth_group {
	uint32_t pid;
	char *path;
};

struct bandwidth_groups {
	const char *root;
	const char *proc;
	struct bandwidth_group *list;
	size_t count;
	size_t capacity;
};

struct bandwidth_groups *bandwidth_groups__new(const char *root, const char *proc)
{
	struct bandwidth_groups *groups = calloc(1, sizeof(*groups));

	if (!groups)
		return NULL;
	groups->root = root;
	groups->proc = proc;
	return groups;
}

static void bandwidth_groups__clear(struct bandwidth_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		free(groups->list[i].path);
	groups->count = 0;
}

void bandwidth_groups__free(struct bandwidth_groups *groups)
{
	if (!groups)
		return;
	bandwidth_groups__clear(groups);
	free(groups->list);
	free(groups);
}

bool bandwidth_groups__available(const struct bandwidth_groups *groups)
{
	char features[512];

	return read_file(features, sizeof(features), "%s/info/L3_MON/mon_features", groups->root) >
		       0 &&
	       strstr(features, "mbm_total_bytes\n") && strstr(features, "mbm_local_bytes\n");
}

static int bandwidth_groups__add(struct bandwidth_groups *groups, const char *path, uint32_t pid)
{
	if (groups->count == groups->capacity) {
		size_t capacity = groups->capacity ? groups->capacity * 2 : 16;
		void *list = reallocarray(groups->list, capacity, sizeof(*groups->list));

		if (!list)
			return -ENOMEM;
		groups->list = list;
		groups->capacity = capacity;
	}
	groups->list[groups->count] = (struct bandwidth_group){ pid, strdup(path) };
	if (!groups->list[groups->count].path)
		return -ENOMEM;
	groups->count++;
	return 0;
}

/* The process that a thread belongs to, or 0: it has ended. */
static uint32_t process_of(const char *proc, uint32_t tid)
{
	char status[1024];
	const char *field;

	if (read_file(status, sizeof(status), "%s/%u/status", proc, tid) < 0)
		return 0;
	field = strstr(status, "\nTgid:");
	return field ? (uint32_t)strtoul(field + strlen("\nTgid:"), NULL, 10) : 0;
}

/*
 * Looks at the name of a file first: a VM has many threads, and the kernel takes long to write
 * status.
 */
static bool belongs_to(const char *proc, uint32_t tid, uint32_t pid)
{
	char path[PATH_MAX];
	uint32_t other;

	snprintf(path, sizeof(path), "%s/%u/task/%u", proc, pid, tid);
	if (!access(path, F_OK))
		return true;
	other = process_of(proc, tid);
	return !other || other == pid;
}

/* The one process whose threads are all tasks of a group, or 0. */
static uint32_t owner_of(const char *proc, const char *group)
{
	char path[PATH_MAX], line[32];
	uint32_t pid = 0;
	bool alone = true;
	FILE *file;

	if (snprintf(path, sizeof(path), "%s/tasks", group) >= (int)sizeof(path))
		return 0;
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (alone && fgets(line, sizeof(line), file)) {
		uint32_t tid = (uint32_t)strtoul(line, NULL, 10);

		if (!pid)
			pid = process_of(proc, tid);
		else
			alone = belongs_to(proc, tid, pid);
	}
	fclose(file);
	return alone ? pid : 0;
}

typedef int (*group_step)(struct bandwidth_groups *groups, const char *path);

/* Calls step for each group right below a folder; no group is no error. */
static int for_each_group(struct bandwidth_groups *groups, const char *parent, group_step step)
{
	char path[PATH_MAX];
	struct dirent *entry;
	int error = 0;
	DIR *folder = opendir(parent);

	if (!folder)
		return errno == ENOENT ? 0 : -errno;
	while (!error && (entry = readdir(folder))) {
		const char *name = entry->d_name;

		if (entry->d_type != DT_DIR || name[0] == '.' || !strcmp(name, "info") ||
		    !strcmp(name, "mon_data") || !strcmp(name, "mon_groups"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", parent, name);
		error = step(groups, path);
	}
	closedir(folder);
	return error;
}

static int add_monitoring_group(struct bandwidth_groups *groups, const char *path)
{
	uint32_t pid = owner_of(groups->proc, path);

	return pid ? bandwidth_groups__add(groups, path, pid) : 0;
}

static int add_monitoring_groups(struct bandwidth_groups *groups, const char *parent)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/mon_groups", parent) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return for_each_group(groups, path, add_monitoring_group);
}

/*
 * The tasks and counters of a control group include those of its monitoring groups, which must not
 * be counted twice.
 */
static int add_control_group(struct bandwidth_groups *groups, const char *path)
{
	uint32_t pid = owner_of(groups->proc, path);

	if (pid)
		return bandwidth_groups__add(groups, path, pid);
	return add_monitoring_groups(groups, path);
}

int bandwidth_groups__scan(struct bandwidth_groups *groups)
{
	int error;

	bandwidth_groups__clear(groups);
	/* The root is a control group, too, but holds what is in no other group. */
	error = add_monitoring_groups(groups, groups->root);
	if (!error)
		error = for_each_group(groups, groups->root, add_control_group);
	return error;
}

/* false, too, for what the kernel writes instead of a number: "Unavailable", "Error". */
static bool add_counter(uint64_t *sum, const char *group, const char *domain, const char *name)
{
	char text[32];
	uint64_t bytes;

	if (read_file(text, sizeof(text), "%s/mon_data/%s/%s", group, domain, name) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	if (parse_number(text, 0, UINT64_MAX, &bytes))
		return false;
	*sum += bytes;
	return true;
}

/* Adds all cache domains of a group. Returns whether all could be read. */
static bool add_group(struct bandwidth *bandwidth, const char *group)
{
	char path[PATH_MAX];
	struct dirent *entry;
	unsigned int domains = 0;
	bool known = true;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/mon_data", group);
	folder = opendir(path);
	if (!folder)
		return false;
	while (known && (entry = readdir(folder))) {
		const char *domain = entry->d_name;

		if (strncmp(domain, "mon_L3_", strlen("mon_L3_")) != 0)
			continue;
		known = add_counter(&bandwidth->total_bytes, group, domain, "mbm_total_bytes") &&
			add_counter(&bandwidth->local_bytes, group, domain, "mbm_local_bytes");
		domains++;
	}
	closedir(folder);
	return known && domains;
}

struct bandwidth bandwidth_groups__read(const struct bandwidth_groups *groups, uint32_t pid)
{
	struct bandwidth bandwidth = { 0 };
	bool known = true;
	size_t found = 0;

	for (size_t i = 0; i < groups->count; i++) {
		if (groups->list[i].pid != pid)
			continue;
		found++;
		known = known && add_group(&bandwidth, groups->list[i].path);
	}
	bandwidth.known = known && found;
	return bandwidth;
}
