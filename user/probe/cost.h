/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_PROBE_COST_H
#define KVMQ_PROBE_COST_H

#include <stdint.h>

/*
 * What one run of an attached sched_switch program costs for tasks in no VM, in ps. For 10 ms, two
 * threads of this process hand a CPU to each other, with the kernel's BPF statistics on; the lowest
 * of five rounds counts. 0: these statistics are not allowed (CAP_SYS_ADMIN).
 */
uint64_t measure_switch_cost(int program_fd);

#endif
