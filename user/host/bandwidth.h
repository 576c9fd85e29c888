/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory bandwidth of VMs by resctrl, where the host has it and somebody has made a
 * monitoring group for a VM: libvirt does, for <memorytune> and <cachetune> monitors.
 */
#ifndef KVMQ_BANDWIDTH_H
#define KVMQ_BANDWIDTH_H

#include <stdbool.h>
#include <stdint.h>

#include "model/numa.h"

/*
 * The groups of resctrl and whose they are. root is "/sys/fs/resctrl", or a test's. A group
 * is a VM's if all its tasks are threads of that one process. Groups are the control groups'
 * mon_groups, and control groups themselves.
 */
struct bandwidth_groups;

/* NULL: memory is short. A host without resctrl has no groups. */
struct bandwidth_groups *bandwidth_groups__new(const char *root, const char *proc);
void bandwidth_groups__free(struct bandwidth_groups *groups);

/* Whether resctrl is mounted and monitors bandwidth. */
bool bandwidth_groups__available(const struct bandwidth_groups *groups);

/* Looks anew at which groups there are and whose; once an interval. Returns 0 or -errno. */
int bandwidth_groups__scan(struct bandwidth_groups *groups);

/*
 * Reads the counters of a VM's groups. known is false where it has none, and where a counter
 * says "Unavailable" or "Error".
 */
struct bandwidth bandwidth_groups__read(const struct bandwidth_groups *groups, uint32_t pid);

#endif
