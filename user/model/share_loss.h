/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose the losses of a full table are: who has used up his share of it (bpf/owner.bpf.h), how
 * often there was no place for him since the tool started, those of whom most was lost.
 */
#ifndef KVMQ_SHARE_LOSS_H
#define KVMQ_SHARE_LOSS_H

#include <stdint.h>

#include "model/list.h"
#include "model/vm.h"

#define SHARE_LOSSES_MAX 8 /* of a table */
#define SHARE_NO_UID (~0U) /* of requests that are no VM's, or of a VM whose user is not known */

enum share_table {
	SHARE_NO_TABLE,
	SHARE_THREADS,	 /* losses.threads of a snapshot */
	SHARE_FLOWS,	 /* losses.flows of the block layer */
	SHARE_VMM_FLOWS, /* vmm.lost */
	SHARE_REASONS,	 /* losses.reasons of the exits */
	SHARE_TABLES,
};

enum share_owner {
	SHARE_OF_USER, /* of all of his VMs */
	SHARE_OF_VM,
	SHARE_OF_CGROUP, /* of a VM that is known by that alone */
	SHARE_OWNERS,
};

struct share_loss {
	enum share_table table;
	enum share_owner owner;
	uint64_t id;		/* the uid, the VM's PID at this moment, or the cgroup's id */
	uint32_t uid;		/* the user, or the VM's */
	char vm[VM_SHOWN_SIZE]; /* the VM's name; empty: a user, or one that is not known */
	uint64_t lost;
};

/* Ordered as its set is. */
struct share_losses {
	LIST(struct share_loss) of;
};

/* The owner of whom most is lost in a table, or NULL. */
const struct share_loss *share_losses__worst(const struct share_losses *losses,
					     enum share_table table);

#endif
