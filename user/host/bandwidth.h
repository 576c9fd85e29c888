/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory bandwidth of VMs by resctrl, if the host has it and there is a monitoring group for the
 * VM: libvirt makes one for <memorytune> and <cachetune> monitors.
 */
#ifndef KVMQ_BANDWIDTH_H
#define KVMQ_BANDWIDTH_H

#include <stdbool.h>
#include <stdint.h>

#include "model/numa.h"

/*
 * The groups of resctrl, and the VM of each. root is "/sys/fs/resctrl", or a test's. A group
 * belongs to a VM if all its tasks are threads of that one process. Groups are the control groups'
 * mon_groups, and the control groups themselves.
 */
struct bandwidth_groups;

/* NULL: memory is short. A host without resctrl has no groups. */
struct bandwidth_groups *bandwidth_groups__new(const char *root, const char *proc);
void bandwidth_groups__free(struct bandwidth_groups *groups);

/* Whether resctrl is mounted and monitors bandwidth. */
bool bandwidth_groups__available(const struct bandwidth_groups *groups);

/* Looks again which groups there are and whose they are; once an interval. Returns 0 or -errno. */
int bandwidth_groups__scan(struct bandwidth_groups *groups);

/*
 * Reads the counters of a VM's groups. known is false if it has no group, or if a counter says
 * "Unavailable" or "Error".
 */
struct bandwidth bandwidth_groups__read(const struct bandwidth_groups *groups, uint32_t pid);

#endif
