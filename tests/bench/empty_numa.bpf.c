// SPDX-License-Identifier: GPL-2.0-only
/* The least that a program on kvmq-numa's hooks can cost. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("fentry/task_numa_fault")
int empty_fault(void *ctx)
{
	(void)ctx;
	return 0;
}

SEC("fentry/kvm_mmu_page_fault")
int empty_enter(void *ctx)
{
	(void)ctx;
	return 0;
}

SEC("fexit/kvm_mmu_page_fault")
int empty_leave(void *ctx)
{
	(void)ctx;
	return 0;
}
