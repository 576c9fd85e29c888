/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known of bios that are queued and of requests that were issued, by a hash of
 * their address: sets of eight, each place taken by compare-and-exchange.
 */
#ifndef KVMQ_PENDING_BPF_H
#define KVMQ_PENDING_BPF_H

#include "compat.bpf.h"

#include "block.h"

#define STALE_NS 30000000000ULL /* in a full set, an entry as old as this makes room */

struct block_counts counts = {};

/* For mmap(), so that it begins with a page: a set's addresses and each entry are a cache line. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, BLOCK_BUCKETS);
	__type(key, __u32);
	__type(value, struct block_bucket);
} pending SEC(".maps");

/*
 * The verifier forbids arithmetic on a pointer to a kernel's object, but lets the lower half be
 * copied; comparing and storing the whole is allowed.
 */
static __always_inline struct block_bucket *bucket_of(const void *key)
{
	__u32 low = (__u64)key, index;

	asm volatile("%0 = %1" : "=w"(index) : "w"(low));
	/* The golden ratio: spreads addresses, whose low bits are alike. */
	index = index * 0x9e3779b1U >> (32 - BLOCK_BUCKET_BITS);
	return bpf_map_lookup_elem(&pending, &index);
}

static __always_inline struct block_pending *find(struct block_bucket *bucket, const void *key)
{
#pragma unroll
	for (int way = 0; way < BLOCK_WAYS; way++)
		if (bucket->keys[way] == (__u64)key)
			return &bucket->entries[way];
	return NULL;
}

static __always_inline void release(struct block_bucket *bucket, const struct block_pending *entry)
{
	__u64 way = entry - bucket->entries;

	*(volatile __u64 *)&bucket->keys[way & (BLOCK_WAYS - 1)] = 0;
}

/* In a full set: the entry that this address may take over, if that is not used any more. */
static __always_inline struct block_pending *take_over(struct block_bucket *bucket, const void *key,
						       __u64 now)
{
	__u32 way = now & (BLOCK_WAYS - 1);
	struct block_pending *entry = &bucket->entries[way];
	__u64 old = bucket->keys[way];
	__u64 since = entry->issued_ns ?: entry->queued_ns;

	if (now - since > STALE_NS && !entry->held_ns &&
	    __sync_val_compare_and_swap(&bucket->keys[way], old, (__u64)key) == old)
		return entry;
	__sync_fetch_and_add(&counts.lost_requests, 1);
	return NULL;
}

/* A place for an address that has none; another CPU may look for one at the same time. */
static __always_inline struct block_pending *claim(struct block_bucket *bucket, const void *key,
						   __u64 now)
{
#pragma unroll
	for (int way = 0; way < BLOCK_WAYS; way++)
		if (!bucket->keys[way] &&
		    !__sync_val_compare_and_swap(&bucket->keys[way], 0, (__u64)key))
			return &bucket->entries[way];
	return take_over(bucket, key, now);
}

#endif
