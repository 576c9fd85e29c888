/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who gets a place in a table that all share? That is decided when an owner needs a new place,
 * never when a place is looked up.
 *
 * An owner gets one while it has fewer places than are free. So an owner who takes all that it can
 * get has half of the table in the end, two have a third each, and an owner without a place gets
 * one. Owners are users and VMs. A VM may have a quarter of what is free, since one user may run
 * all VMs.
 */
#ifndef KVMQ_OWNER_BPF_H
#define KVMQ_OWNER_BPF_H

#include "compat.bpf.h"
#include "owner.h"

/* Free places. User space counts up, too, when it takes one back. */
__u64 free_count = 0;

/* Two for each place: owners with places never fill it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct owner);
	__type(value, struct owner_share);
} shares SEC(".maps");

static __always_inline struct owner_share *share_of(const struct owner *owner)
{
	struct owner_share *share = bpf_map_lookup_elem(&shares, owner), fresh = {};

	if (share)
		return share;
	bpf_map_update_elem(&shares, owner, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&shares, owner);
}

static __always_inline bool is_used_up(struct owner_share *share, __u64 parts)
{
	if (*(volatile __u64 *)&share->held * parts < *(volatile __u64 *)&free_count)
		return false;
	__sync_fetch_and_add(&share->lost, 1);
	return true;
}

/*
 * Takes a place on the account of a VM and of its user; the caller then finds it. A VM may have so
 * many times fewer than its user. An owner that gets none and has none leaves no trace.
 */
static __always_inline bool share_take_part(const struct owner *vm, __u64 parts)
{
	struct owner uid = { .kind = OWNER_UID, .id = vm->uid, .uid = vm->uid };
	struct owner_share *own, *user;

	if (!*(volatile __u64 *)&free_count)
		return false;
	user = share_of(&uid);
	if (!user || is_used_up(user, 1))
		return false;
	own = share_of(vm);
	if (!own || is_used_up(own, parts))
		return false;
	__sync_fetch_and_add(&own->held, 1);
	__sync_fetch_and_add(&user->held, 1);
	__sync_fetch_and_add(&free_count, -1);
	return true;
}

static __always_inline bool share_take(const struct owner *vm)
{
	return share_take_part(vm, OWNER_VM_PARTS);
}

/* An account without places is closed, to make room for others. */
static __always_inline void share_reduce(const struct owner *owner)
{
	struct owner_share *share = bpf_map_lookup_elem(&shares, owner);

	if (!share)
		return;
	if (share->held > 1)
		__sync_fetch_and_add(&share->held, -1);
	else
		bpf_map_delete_elem(&shares, owner);
}

static __always_inline void share_give_back(const struct owner *vm)
{
	struct owner uid = { .kind = OWNER_UID, .id = vm->uid, .uid = vm->uid };

	share_reduce(vm);
	share_reduce(&uid);
	__sync_fetch_and_add(&free_count, 1);
}

/* User space runs this when it takes a place back. Arguments: the members of struct owner. */
SEC("raw_tp/owner_give_back")
int owner_give_back(struct bpf_raw_tracepoint_args *ctx)
{
	struct owner vm = { .id = ctx->args[0], .kind = ctx->args[1], .uid = ctx->args[2] };

	share_give_back(&vm);
	return 0;
}

#endif
