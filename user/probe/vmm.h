/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program at the end of each request inside QEMU: block_acct_done(stats, cookie), whose
 * cookie holds what QEMU's own accounting is made of. It costs a trap for each request
 * (1 to 2 us), so it is for those that ask for it.
 */
#ifndef KVMQ_PROBE_VMM_H
#define KVMQ_PROBE_VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/io.h"
#include "model/share_loss.h"

struct vmm_probe;

/* Loads the program. Returns 0 or -errno after one line. vmm_probe__close() takes NULL. */
int vmm_probe__open(struct vmm_probe **out);
void vmm_probe__close(struct vmm_probe *probe);

/*
 * Attaches to one VM's process, through /proc/PID/exe; start_ns is when it was started, which tells
 * it from another that has its PID later. Returns 0, or -errno and the reason in one clause in
 * *missing (static or the probe's own): the VMM does not export block_acct_done (-ENOENT), the
 * kernel refuses (-EPERM, -EACCES).
 */
int vmm_probe__attach(struct vmm_probe *probe, uint32_t pid, uint64_t start_ns,
		      const char **missing);

/* Takes the program and the counters of all VMs away that are not wanted any more. */
void vmm_probe__keep(struct vmm_probe *probe,
		     bool (*wanted)(const void *context, uint32_t pid, uint64_t start_ns),
		     const void *context);

int vmm_probe__read(struct vmm_probe *probe, struct vmm_snapshot *snapshot);

/* Adds whose snapshot.lost is. Returns 0 or -errno. */
int vmm_probe__read_losses(const struct vmm_probe *probe, struct share_losses *losses);
#endif
