// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long did requests take inside QEMU, by QEMU's own time stamps?
 *
 * block_acct_done() ends each request that succeeded. Its arguments have all that QEMU's accounting
 * uses, so nothing has to be remembered from the beginning.
 */
#include "compat.bpf.h"

#include <bpf/bpf_tracing.h>

#include "owner.bpf.h"
#include "vmm.h"

char LICENSE[] SEC("license") = "GPL";

/* QEMU, include/block/accounting.h: struct BlockAcctCookie. The same since 2.2. */
struct cookie {
	__s64 bytes;
	__s64 start_time_ns; /* CLOCK_MONOTONIC */
	__s32 type;
	__u32 padding;
};

/* Set by user space where a uprobe may sleep (6.0): then no cookie is out of reach. */
const volatile bool may_sleep = false;

/* Requests that could not be counted. */
__u64 lost = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VMM_FLOWS);
	__type(key, struct vmm_key);
	__type(value, struct vmm_requests);
} flows SEC(".maps");

static __always_inline bool read_cookie(struct cookie *cookie, const void *from)
{
	if (may_sleep)
		return !bpf_copy_from_user(cookie, sizeof(*cookie), from);
	return !bpf_probe_read_user(cookie, sizeof(*cookie), from);
}

static __always_inline struct vmm_requests *flow_of(const struct vmm_key *key)
{
	struct vmm_requests *requests = bpf_map_lookup_elem(&flows, key);
	struct owner owner = { .kind = OWNER_VM, .id = key->pid };
	static const struct vmm_requests zero;

	if (requests)
		return requests;
	owner.uid = bpf_get_current_uid_gid();
	if (!share_take(&owner))
		return NULL;
	if (bpf_map_update_elem(&flows, key, &zero, BPF_NOEXIST))
		share_give_back(&owner);
	requests = bpf_map_lookup_elem(&flows, key);
	if (requests)
		requests->uid = owner.uid;
	return requests;
}

SEC("uprobe")
int vmm_done(struct pt_regs *ctx)
{
	struct vmm_key key = { .backend = PT_REGS_PARM1(ctx) };
	struct vmm_requests *requests = NULL;
	__u64 bucket, now, ns = 0;
	struct cookie cookie;

	key.pid = bpf_get_current_pid_tgid() >> 32;
	if (read_cookie(&cookie, (void *)PT_REGS_PARM2(ctx))) {
		key.type = cookie.type;
		requests = flow_of(&key);
	}
	if (!requests) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	/* As late as possible: QEMU looks at the clock when this has returned. */
	now = bpf_ktime_get_ns();
	if (cookie.start_time_ns > 0 && (__u64)cookie.start_time_ns < now)
		ns = now - cookie.start_time_ns;
	/* Checked as a whole: kernels before 6.4 lose a bound on the way from 32 bits to 64. */
	bucket = hist_bucket(ns);
	barrier_var(bucket);
	__sync_fetch_and_add(&requests->count, 1);
	__sync_fetch_and_add(&requests->sum_ns, ns);
	__sync_fetch_and_add(&requests->bytes, cookie.bytes);
	if (bucket < HIST_BUCKETS)
		__sync_fetch_and_add(&requests->hist[bucket], 1);
	return 0;
}
