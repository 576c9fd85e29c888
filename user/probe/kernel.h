/* SPDX-License-Identifier: GPL-2.0-only */
/* What the BTF of the running kernel tells, and libbpf's messages. */
#ifndef KVMQ_KERNEL_H
#define KVMQ_KERNEL_H

#include <stdbool.h>

#include "bpf/sched.h"

struct bpf_object;

/* Sends libbpf's own messages to log_text(). */
void kernel_route_messages(void);

/* Says in one line why a BPF step failed, and what to do; error is -errno. */
void kernel_explain(const char *step, int error);

/* With -v, says which programs of an object were loaded, and which were left out. */
void kernel_tell_programs(const char *name, const struct bpf_object *object);

/* 0, or -errno: -ENOENT if the kernel has no BTF. */
int kernel_has_btf(void);

/*
 * Between the two, the types of vmlinux are read once for all that is asked about them: reading
 * them takes 8 ms and 6 MB.
 */
void kernel_hold_types(void);
void kernel_release_types(void);

/* They are not asked about soon: libbpf reads a copy of its own when it loads programs. */
void kernel_drop_types(void);

/*
 * Number of arguments of a tracepoint of vmlinux, or -errno; -ENOENT: there is no such tracepoint.
 */
int kernel_tracepoint_arguments(const char *name);

/*
 * The same for a tracepoint of KVM, as a module or built in. -EPERM without CAP_SYS_ADMIN, which
 * reading a module's BTF takes.
 */
int kernel_kvm_tracepoint_arguments(const char *name);

/* Whether vmlinux has this struct with this member: 1, 0 or -errno. */
int kernel_has_member(const char *type, const char *member);

/* Whether a function of vmlinux can be hooked by its name, according to its BTF: 1, 0 or -errno. */
int kernel_has_function(const char *name);

/*
 * Whether the kernel takes a program at the entry of a function of vmlinux: 0 or -errno. A whole
 * object that is loaded in vain takes 25 ms.
 */
int kernel_try_hook(const char *name);

/*
 * The position of the node's number in the flags of a page, from the right; or -errno: -ENOENT if
 * the BTF does not tell.
 */
int kernel_page_node_shift(void);

/*
 * Where kvm_vcpu keeps its number. Sets layout->known and returns 0; -ENOENT if KVM is not loaded
 * or has no BTF.
 */
int kernel_kvm_layout(struct sched_kvm *layout);

#endif
