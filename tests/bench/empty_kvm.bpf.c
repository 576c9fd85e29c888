// SPDX-License-Identifier: GPL-2.0-only
/* The least that a program on kvmq-exit's hooks can cost. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/kvm_entry")
int empty_entry(void *ctx)
{
	(void)ctx;
	return 0;
}

SEC("tp_btf/kvm_exit")
int empty_vm_exit(void *ctx)
{
	(void)ctx;
	return 0;
}

SEC("tp_btf/kvm_userspace_exit")
int empty_user_exit(void *ctx)
{
	(void)ctx;
	return 0;
}
