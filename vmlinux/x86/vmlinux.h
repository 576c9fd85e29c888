/* SPDX-License-Identifier: GPL-2.0-only */
/* Made by tools/gen-vmlinux from the BTF of Linux 6.12.118+deb13-amd64: do not edit. */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#include <linux/bpf.h>

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

typedef unsigned int __u32;

typedef long long unsigned int __u64;

typedef __u32 u32;

typedef __u64 u64;

typedef int __kernel_pid_t;

typedef unsigned int __kernel_uid32_t;

typedef __kernel_pid_t pid_t;

typedef _Bool bool;

typedef __kernel_uid32_t uid_t;

typedef u64 sector_t;

typedef struct {
	int counter;
} atomic_t;

struct hlist_node;

struct hlist_head {
	struct hlist_node *first;
};

struct hlist_node {
	struct hlist_node *next;
};

struct cfs_rq;

struct sched_entity {
	struct cfs_rq *cfs_rq;
};

struct sched_info {
	long long unsigned int run_delay;
	long long unsigned int last_arrival;
	long long unsigned int last_queued;
};

struct task_group;

struct pid;

struct signal_struct;

struct css_set;

struct task_struct {
	unsigned int __state;
	unsigned int flags;
	int on_cpu;
	int wake_cpu;
	struct sched_entity se;
	struct task_group *sched_task_group;
	struct hlist_head preempt_notifiers;
	struct sched_info sched_info;
	void *mm;
	pid_t pid;
	pid_t tgid;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	u64 start_boottime;
	void *cred;
	char comm[16];
	struct signal_struct *signal;
	struct css_set *cgroups;
};

struct pt_regs {
	long unsigned int si;
	long unsigned int di;
};

struct page {
	long unsigned int flags;
};

typedef struct {
	uid_t val;
} kuid_t;

struct upid {
	int nr;
};

struct pid {
	struct upid numbers[0];
};

struct cred {
	kuid_t uid;
};

struct signal_struct {
	atomic_t live;
};

struct cgroup;

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct request_queue;

struct gendisk {
	int major;
	int first_minor;
	struct request_queue *queue;
};

struct dentry;

struct path {
	struct dentry *dentry;
};

struct file {
	void *private_data;
	struct path f_path;
};

struct qstr {
	void *name;
};

struct super_block;

struct dentry {
	struct qstr d_name;
	struct super_block *d_sb;
};

struct super_block {
	long unsigned int s_magic;
};

struct kernfs_node;

struct cgroup {
	struct kernfs_node *kn;
};

struct request_queue {
	void *mq_ops;
	struct gendisk *disk;
};

struct block_device {
	struct gendisk *bd_disk;
};

struct blkcg_gq;

struct bio {
	struct bio *bi_next;
	struct block_device *bi_bdev;
	struct blkcg_gq *bi_blkg;
};

struct kernfs_node {
	void *name;
	u64 id;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

typedef __u32 blk_opf_t;

struct kvm_memory_slot {
	struct hlist_node id_node[2];
	long unsigned int npages;
	long unsigned int userspace_addr;
};

struct kvm_memslots;

struct kvm {
	void *mm;
	struct kvm_memslots *memslots[2];
	pid_t userspace_pid;
};

struct kvm_vcpu_stat_generic {
	u64 halt_poll_success_ns;
	u64 halt_poll_fail_ns;
};

struct kvm_vcpu_arch {
	long unsigned int regs[17];
	u32 regs_avail;
	bool guest_state_protected;
};

struct kvm_vcpu_stat {
	struct kvm_vcpu_stat_generic generic;
};

struct kvm_vcpu {
	struct kvm *kvm;
	struct kvm_vcpu_arch arch;
	struct kvm_vcpu_stat stat;
};

struct kvm_memslots {
	struct hlist_head id_hash[128];
	int node_idx;
};

struct rq;

struct cfs_rq {
	struct rq *rq;
};

struct rq {
	union {
		struct task_struct *curr;
	};
	u64 clock;
	u64 clock_task;
	int cpu;
};

struct cfs_bandwidth {
	u64 quota;
};

struct task_group {
	struct task_group *parent;
	struct cfs_bandwidth cfs_bandwidth;
};

struct request {
	struct request_queue *q;
	blk_opf_t cmd_flags;
	unsigned int __data_len;
	sector_t __sector;
	struct bio *bio;
};

struct bpf_iter__task {
	union {
		struct task_struct *task;
	};
};

struct bpf_iter__task_file {
	union {
		struct task_struct *task;
	};
	union {
		struct file *file;
	};
};

struct blkcg;

struct blkcg_gq {
	struct blkcg *blkcg;
};

struct blkcg {
	struct cgroup_subsys_state css;
};

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* __VMLINUX_H__ */
