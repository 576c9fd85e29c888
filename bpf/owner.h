/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose the places of a table are: what bpf/owner.bpf.h and the probes share. */
#ifndef KVMQ_OWNER_H
#define KVMQ_OWNER_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define OWNER_VM_PARTS 4 /* a VM may have so many times fewer than a user */
#define OWNER_NOBODY (~0U)

enum owner_kind {
	OWNER_UID,
	OWNER_VM,     /* a tgid */
	OWNER_CGROUP, /* of a VM that is known only by this */
};

struct owner {
	__u64 id;
	__u32 kind; /* enum owner_kind */
	__u32 uid;  /* the VM's user, who is charged, too */
};

struct owner_share {
	__u64 held; /* places */
	__u64 lost; /* how often there was none since this share was used up */
};

#endif
