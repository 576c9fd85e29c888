/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When was a group of tasks kept off a CPU because it had used up its bandwidth (cpu.max)?
 *
 * The scheduler walks from the cgroup that has used up its bandwidth through all below it, one CPU
 * at a time: tg_throttle_down() and tg_unthrottle_up(). So do kernels that take the whole run queue
 * away, and those that, since e1fad12dcb66 (6.18), take away each task on its way to user space. A
 * wait is compared with these episodes when it ends, so that a task that is not throttled costs
 * nothing.
 */
#ifndef KVMQ_THROTTLE_BPF_H
#define KVMQ_THROTTLE_BPF_H

#include "vcpu.bpf.h"

#define THROTTLE_GROUPS 8192 /* so many pairs of cgroup and CPU are followed */
#define THROTTLE_DEPTH 16    /* of a cgroup, looked at for a limit */
#define THROTTLE_EPISODES 8  /* so many episodes in a wait can be told apart */

struct throttle_episode {
	__u64 begin;
	__u64 end;
};

/* A cgroup, by the address of its task_group, on one CPU. */
struct throttle_key {
	__u64 group;
	__u64 cpu;
};

struct throttled_group {
	__u64 since; /* of the episode going on, if depth is not 0 */
	__u32 depth; /* how many of the group and its parents are throttled */
	__u32 ended;
	__u64 forgotten; /* episodes up to then are no longer among these */
	struct throttle_episode episodes[THROTTLE_EPISODES]; /* the last ones, as a ring */
};

/* If there is no room, the one that is unused for longest goes. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, THROTTLE_GROUPS);
	__type(key, struct throttle_key);
	__type(value, struct throttled_group);
} throttled_groups SEC(".maps");

/* Whether any group has been throttled yet. */
bool throttle_seen = false;

/* When throttling was last not noted because the table was full, by the run queue's clock. */
__u64 throttle_unwritten = 0;

static __always_inline __u64 common_part(__u64 begin, __u64 end, __u64 from, __u64 to)
{
	__u64 later = begin > from ? begin : from, earlier = end < to ? end : to;

	return earlier > later ? earlier - later : 0;
}

/* Whether the bandwidth of the group, or of one above it, has a limit. */
static __always_inline bool is_limited(__u64 address)
{
	struct task_group *group = (void *)address;

	if (!bpf_core_field_exists(group->cfs_bandwidth.quota))
		return false;
	for (int i = 0; i < THROTTLE_DEPTH && group; i++) {
		if (BPF_CORE_READ(group, cfs_bandwidth.quota) != ~0ULL)
			return true;
		group = BPF_CORE_READ(group, parent);
	}
	return false;
}

/* The part of from to to in which the group was throttled. */
static __always_inline __u64 throttled_group_time(__u64 address, __u32 cpu, __u64 from, __u64 to)
{
	struct throttle_key key = { address, cpu };
	struct throttled_group *group = bpf_map_lookup_elem(&throttled_groups, &key);
	__u64 sum = 0;

	if (!group) {
		/* It may be this one's, if it has a limit at all. */
		if (throttle_unwritten > from && is_limited(address))
			__sync_fetch_and_add(&losses.throttled, 1);
		return 0;
	}
	for (int i = 0; i < THROTTLE_EPISODES; i++) {
		struct throttle_episode *episode = &group->episodes[i];

		sum += common_part(episode->begin, episode->end, from, to);
	}
	if (group->depth)
		sum += common_part(group->since, to, from, to);
	if (group->forgotten > from)
		__sync_fetch_and_add(&losses.throttled, 1);
	return sum;
}

/*
 * The part of a wait from begin to end in which the task's group was throttled. A task that was
 * moved waits on its present run queue since last_queued, and waited on from_cpu before. Not
 * static, and without pointers, so that it is verified once and not for each call.
 */
__noinline __u64 throttled_time(__u64 address, __u32 from_cpu, __u64 begin, __u64 end)
{
	struct task_struct *task = (void *)address;
	__u64 group, moved, sum;

	if (!throttle_seen)
		return 0;
	group = (__u64)BPF_CORE_READ(task, sched_task_group);
	moved = BPF_CORE_READ(task, sched_info.last_queued);
	if (moved < begin || moved > end)
		moved = begin;
	sum = throttled_group_time(group, BPF_CORE_READ(task, se.cfs_rq, rq, cpu), moved, end);
	if (moved > begin)
		sum += throttled_group_time(group, from_cpu, begin, moved);
	return sum;
}

/* One more of a group and its parents is throttled on the CPU of a run queue. */
static __always_inline void throttle_begin(__u64 group, struct rq *rq)
{
	struct throttle_key key = { group, BPF_CORE_READ(rq, cpu) };
	struct throttled_group fresh = { .since = BPF_CORE_READ(rq, clock), .depth = 1 };
	struct throttled_group *known = bpf_map_lookup_elem(&throttled_groups, &key);

	throttle_seen = true;
	if (!known) {
		if (bpf_map_update_elem(&throttled_groups, &key, &fresh, BPF_ANY))
			throttle_unwritten = fresh.since;
		return;
	}
	if (!known->depth)
		known->since = fresh.since;
	known->depth++;
}

static __always_inline void throttle_end(__u64 group, struct rq *rq)
{
	struct throttle_key key = { group, BPF_CORE_READ(rq, cpu) };
	struct throttled_group *known = bpf_map_lookup_elem(&throttled_groups, &key), fresh = {};
	__u32 place;

	if (!known) {
		/* It was throttled before anybody looked. */
		fresh.ended = 1;
		fresh.episodes[0].end = BPF_CORE_READ(rq, clock);
		throttle_seen = true;
		if (bpf_map_update_elem(&throttled_groups, &key, &fresh, BPF_ANY))
			throttle_unwritten = fresh.episodes[0].end;
		return;
	}
	if (!known->depth)
		return;
	if (--known->depth)
		return;
	place = known->ended % THROTTLE_EPISODES;
	if (known->episodes[place].end)
		known->forgotten = known->episodes[place].end;
	known->episodes[place].begin = known->since;
	known->episodes[place].end = BPF_CORE_READ(rq, clock);
	known->ended++;
}

SEC("fentry/tg_throttle_down")
int tg_throttle_down(__u64 *ctx)
{
	throttle_begin(ctx[0], (void *)ctx[1]);
	return 0;
}

SEC("fentry/tg_unthrottle_up")
int tg_unthrottle_up(__u64 *ctx)
{
	throttle_end(ctx[0], (void *)ctx[1]);
	return 0;
}

#endif
