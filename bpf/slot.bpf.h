/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The slots of tracked threads: what every program needs to know of one. Only the sched probe gives
 * out slots. The maps of these names in another probe are replaced by the sched probe's before the
 * load.
 */
#ifndef KVMQ_SLOT_BPF_H
#define KVMQ_SLOT_BPF_H

#include "compat.bpf.h"
#include "sched.h"

char LICENSE[] SEC("license") = "GPL";

const volatile bool use_verdicts = false;

struct tid_chunk {
	__u16 slot[SCHED_TIDS]; /* slot + 1; 0: not tracked */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tid_chunk);
} tids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SCHED_SLOTS);
	__type(key, __u32);
	__type(value, struct sched_thread);
} threads SEC(".maps");

/*
 * generation << 1 | ignore, for each slot; user space writes it. 64 bits, since elements of an
 * array map are so far apart, however small they are.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SCHED_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} verdicts SEC(".maps");

/* For threads that wait, and for those whose books have not begun. sched_progress writes it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SCHED_SLOTS);
	__type(key, __u32);
	__type(value, struct sched_progress);
} progress SEC(".maps");

static __always_inline __u16 *slot_entry(__u32 tid)
{
	__u32 chunk_index = tid >> SCHED_TIDS_BITS;
	struct tid_chunk *chunk = bpf_map_lookup_elem(&tids, &chunk_index);

	return chunk ? &chunk->slot[tid & (SCHED_TIDS - 1)] : NULL;
}

/* What is known of a thread that the scan found and that has not switched yet, or NULL. */
static __always_inline struct sched_first *first_of(__u32 slot, __u32 generation)
{
	struct sched_progress *item = bpf_map_lookup_elem(&progress, &slot);

	return item && *(volatile __u32 *)&item->first.generation == generation ? &item->first
										: NULL;
}

/* SCHED_FOUND: nothing is known of it yet. */
static __always_inline __u32 known_state(__u32 slot, struct sched_thread *thread)
{
	struct sched_first *first;

	if (thread->state != SCHED_FOUND)
		return thread->state;
	first = first_of(slot, thread->generation);
	return first ? first->state : SCHED_FOUND;
}

static __always_inline bool ignored(__u32 slot, struct sched_thread *thread)
{
	__u64 *verdict;

	if (!use_verdicts)
		return false;
	verdict = bpf_map_lookup_elem(&verdicts, &slot);
	return verdict && *verdict == (thread->generation << 1 | 1);
}

#endif
