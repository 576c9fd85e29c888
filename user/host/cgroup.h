/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cgroups of processes, and choosing VMs by them (--cgroup), with version 2, 1 and both. A hybrid
 * host has a hierarchy for each set of controllers, and a process has a place in each.
 */
#ifndef KVMQ_CGROUP_H
#define KVMQ_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The path of a process that tells most: that of version 2; if that is the root, that of systemd's
 * hierarchy, or of the first controller that has one. Returns 0, -ENOENT (it is in none) or -errno.
 */
int process_cgroup(const char *proc, uint32_t pid, char *path, size_t size);

/* The same by the text of /proc/PID/cgroup, which it takes apart. */
int cgroup__from_text(char *text, char *path, size_t size);

/* Room for that text: a dozen hierarchies, each with a path of PATH_MAX. */
#define CGROUP_TEXT_SIZE 65536

/* A cgroup by its path in a hierarchy. */
struct cgroup_place {
	char *options; /* of the hierarchy's mount: its controllers, by commas; NULL: version 2 */
	char *path;
};

/* What --cgroup means: one folder, or the folder of that name in each hierarchy that has it. */
struct cgroup_filter {
	struct cgroup_place *list;
	size_t count;
};

/*
 * Finds the folder that a user has named: a path in the hierarchies, or one below a mount, as
 * proc/self/mountinfo has them. Returns 0, -ENODEV (no hierarchy is mounted), -ENOENT, or another
 * error that looking for the folder met. Free with cgroup_filter__free() in any case.
 */
int cgroup_filter__find(struct cgroup_filter *filter, const char *proc, const char *name);
void cgroup_filter__free(struct cgroup_filter *filter);

/* Whether a process is in one of the places, or below it. */
bool cgroup_filter__holds(const struct cgroup_filter *filter, const char *proc, uint32_t pid);

#endif
