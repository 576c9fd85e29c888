/* SPDX-License-Identifier: GPL-2.0-only */
/* What block.bpf.c and its probe share. Times are ns of CLOCK_MONOTONIC. */
#ifndef KVMQ_BLOCK_H
#define KVMQ_BLOCK_H

#include "hist.h"
#include "owner.h"

#define BLOCK_FLOWS_MIN 2048
#define BLOCK_FLOWS 16384  /* at most */
#define BLOCK_OWNERS 16384 /* VMs, their cgroups, and devices */
#define BLOCK_BUCKET_BITS 12
#define BLOCK_BUCKETS (1 << BLOCK_BUCKET_BITS)
#define BLOCK_WAYS 8
#define BLOCK_TGID_BITS 15 /* of a tgid, in a chunk of the bitmap of VMs */
#define BLOCK_HINT_BITS 10
#define BLOCK_COMM 16
#define BLOCK_COST_SAMPLE 64 /* one in so many runs is timed */
#define BLOCK_EVENTS_SIZE (1 << 20)

/* As enum io_op in user/model/io.h. */
enum block_op {
	BLOCK_READ,
	BLOCK_WRITE,
	BLOCK_DISCARD,
	BLOCK_FLUSH,
	BLOCK_OTHER,
	BLOCK_OPS,
};

/* As enum host_layer there. */
enum block_layer {
	BLOCK_THROTTLED,
	BLOCK_QUEUE,
	BLOCK_DEVICE,
	BLOCK_LAYERS,
};

struct block_key {
	__u64 cgroup;
	__u32 dev;
	__u32 tgid;
	__u32 op;
	__u32 pad;
};

struct block_latency {
	__u64 sum_ns;
	__u32 hist[HIST_BUCKETS];
};

/* What a slot is used for. */
enum block_use {
	BLOCK_FREE,
	BLOCK_COUNTS, /* since its key was written */
	BLOCK_LEAVES, /* no request comes any more: its VM has gone */
};

/*
 * All counters of one key; they only grow. Counters of issues and of completions are in separate
 * cache lines: one CPU issues what another completes.
 */
struct block_slot {
	struct block_key key;
	__u64 used; /* enum block_use */
	__u64 issued;
	__u64 requeued;
	struct owner owner; /* whose share the slot counts against */
	__u64 completed __attribute__((aligned(64)));
	__u64 bytes;
	__u64 failed;
	struct block_latency layers[BLOCK_LAYERS];
};

/* What is known of a bio that is queued, or of a request that was issued. */
struct block_pending {
	__u64 held_ns;	 /* throttled since this time; once queued, for so long */
	__u64 queued_ns; /* 0: not yet, or not seen */
	__u64 issued_ns;
	__u64 cgroup;
	__u32 tgid; /* of the submitter, if it is a VM's; else 0 */
	__u32 tid;  /* the rest only if events are wanted */
	char comm[BLOCK_COMM];
	__u32 flow;	/* slot + 1; 0: none */
	__u32 requeued; /* since its issue */
};

/* One set of the table: a cache line of addresses, and what is known of each. */
struct block_bucket {
	__u64 keys[BLOCK_WAYS]; /* address of a bio or a request; 0: free */
	struct block_pending entries[BLOCK_WAYS];
};

struct block_counts {
	__u64 lost_events;
	__u64 lost_flows;
	__u64 lost_requests;
	__u64 early;
	__u64 repaired; /* runs that the kernel left out and that were noticed later */
	__u64 samples;
	__u64 sample_ns;
};

struct block_event {
	__u64 time_ns;
	__u64 sector;
	__u64 cgroup;
	__u64 held_ns;
	__u64 queued_ns;
	__u64 issued_ns;
	__u32 dev;
	__u32 op;
	__u32 bytes;
	__u32 status; /* blk_status_t */
	__u32 tgid;
	__u32 tid;
	char comm[BLOCK_COMM];
};

#endif
