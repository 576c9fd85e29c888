/* SPDX-License-Identifier: GPL-2.0-only */
/* On which NUMA nodes each tracked thread runs, for kvmq-numa. */
#ifndef KVMQ_NODE_BPF_H
#define KVMQ_NODE_BPF_H

#include "vcpu.bpf.h"

const volatile bool count_nodes = false;
const volatile bool send_moves = false;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sched_nodes);
} nodes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1);
} moves SEC(".maps");

static __always_inline void send_move(__u32 slot, struct sched_thread *thread, __u32 from, __u32 to)
{
	struct sched_move *move;

	if (!send_moves)
		return;
	move = bpf_ringbuf_reserve(&moves, sizeof(*move), 0);
	if (!move) {
		__sync_fetch_and_add(&losses.moves, 1);
		return;
	}
	move->time_ns = bpf_ktime_get_ns();
	move->slot = slot;
	move->generation = thread->generation;
	move->from_node = from;
	move->to_node = to;
	move->from_cpu = thread->cpu;
	move->to_cpu = bpf_get_smp_processor_id();
	/* Read every 50 ms: a reader that is woken for each would make vCPUs move. */
	bpf_ringbuf_submit(move, BPF_RB_NO_WAKEUP);
}

/* The slot's record is an earlier thread's. Volatile: BPF has no memset. */
static __always_inline void start_nodes(struct sched_nodes *record, __u32 generation, __u32 node)
{
	record->generation = generation;
	record->node = node;
	record->moves = 0;
	for (int i = 0; i < SCHED_NODES; i++)
		*(volatile __u64 *)&record->run_ns[i] = 0;
}

/*
 * The thread arrives on or leaves this CPU, inside its slot's sequence, and has run here for so
 * long. If its arrival was not seen, it has moved all the same.
 */
static __always_inline void count_node(__u32 slot, struct sched_thread *thread, __u64 ran)
{
	struct sched_nodes *record;
	__u32 node;

	/* Before anything else: then the verifier takes all of this out. */
	if (!count_nodes)
		return;
	node = bpf_get_numa_node_id();
	record = bpf_map_lookup_elem(&nodes, &slot);
	if (!record)
		return;
	if (record->generation != thread->generation) {
		start_nodes(record, thread->generation, node);
	} else if (record->node != node) {
		record->moves++;
		send_move(slot, thread, record->node, node);
		record->node = node;
	}
	if (node < SCHED_NODES)
		record->run_ns[node] += ran;
}

#endif
