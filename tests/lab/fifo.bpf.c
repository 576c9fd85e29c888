// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sched_ext scheduler for scenarios of the lab, the least that shares all CPUs among all tasks:
 * one queue, first in, first out. A task that waits is on the run queue of the CPU that it was last
 * on, and whichever CPU is free first takes it from there.
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#define QUEUE 0
#define SLICE_NS 5000000 /* the kernel's own is 20 ms: few waits in the interval of a scenario */
#define NO_NODE -1

/* Of the kernel's members those that are used here: libbpf finds them by their names. */
struct sched_ext_ops {
	void (*enqueue)(struct task_struct *task, __u64 flags);
	void (*dispatch)(int cpu, struct task_struct *prev);
	int (*init)(void);
	char name[128];
};

void scx_bpf_dsq_insert(struct task_struct *task, __u64 queue, __u64 slice, __u64 flags) __ksym;
bool scx_bpf_dsq_move_to_local(__u64 queue) __ksym;
int scx_bpf_create_dsq(__u64 queue, int node) __ksym;

char LICENSE[] SEC("license") = "GPL";

SEC("struct_ops/fifo_enqueue")
int fifo_enqueue(__u64 *ctx)
{
	scx_bpf_dsq_insert((void *)ctx[0], QUEUE, SLICE_NS, ctx[1]);
	return 0;
}

SEC("struct_ops/fifo_dispatch")
int fifo_dispatch(__u64 *ctx)
{
	(void)ctx;
	scx_bpf_dsq_move_to_local(QUEUE);
	return 0;
}

/* It may sleep: who loads it says so, as libbpf 1.1 knows no section name for that. */
SEC("struct_ops/fifo_init")
int fifo_init(__u64 *ctx)
{
	(void)ctx;
	return scx_bpf_create_dsq(QUEUE, NO_NODE);
}

SEC(".struct_ops")
struct sched_ext_ops fifo = {
	.enqueue = (void *)fifo_enqueue,
	.dispatch = (void *)fifo_dispatch,
	.init = (void *)fifo_init,
	.name = "kvmq_fifo",
};
