/* SPDX-License-Identifier: GPL-2.0-only */
/* What the running kernel says of itself in its BTF, and libbpf's messages. */
#ifndef KVMQ_KERNEL_H
#define KVMQ_KERNEL_H

#include <stdbool.h>

#include "bpf/sched.h"

struct bpf_object;

/* Sends libbpf's own messages to log_text(). */
void kernel_route_messages(void);

/* Says in one line why a BPF step failed and what to do; error is -errno. */
void kernel_explain(const char *step, int error);

/* Says with -v which programs of an object were loaded, and which left out. */
void kernel_tell_programs(const char *name, const struct bpf_object *object);

/* 0, or -errno: -ENOENT where the kernel has no BTF. */
int kernel_has_btf(void);

/* Number of arguments of a tracepoint of vmlinux, or -errno; -ENOENT: none such. */
int kernel_tracepoint_arguments(const char *name);

/*
 * The same for a tracepoint of KVM, be it a module or built in. -EPERM without
 * CAP_SYS_ADMIN, which a module's BTF is only given to.
 */
int kernel_kvm_tracepoint_arguments(const char *name);

/* Whether vmlinux has this struct with this member: 1, 0 or -errno. */
int kernel_has_member(const char *type, const char *member);

/* Whether a function of vmlinux can be hooked by its name, as its BTF says: 1, 0 or -errno. */
int kernel_has_function(const char *name);

/*
 * How far right in the flags of a page the number of its node is, or -errno: -ENOENT where
 * the BTF does not tell.
 */
int kernel_page_node_shift(void);

/*
 * Where kvm_vcpu keeps its number. Sets layout->known and returns 0; -ENOENT
 * where KVM is not loaded or has no BTF.
 */
int kernel_kvm_layout(struct sched_kvm *layout);

#endif
