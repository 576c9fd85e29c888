// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long do requests wait, and for what: throttled, in the host's queue, in the device?
 *
 * A request begins as a bio. block_bio_queue sees the thread that submits it, and the moment from
 * which it waits for a tag and for the scheduler (block_rq_insert does not fire without a
 * scheduler). When the request is issued, its first bio tells both. Between the hooks, what is
 * known is kept in a table that is indexed by a hash of an address: first the bio's, then the
 * request's. That takes a few loads, where a hash map would take a lock and an allocation, twice.
 * Needs atomic operations that return a value, hence 5.12.
 */
#include "flow.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define REQ_OP_MASK 0xff /* include/linux/blk_types.h */
#define REQ_OP_READ 0
#define REQ_OP_WRITE 1
#define REQ_OP_FLUSH 2
#define REQ_OP_DISCARD 3
#define REQ_OP_SECURE_ERASE 5
#define REQ_OP_ZONE_APPEND 7
#define REQ_OP_DRV_IN 34 /* this one and the next pass through to the device */

const volatile __u64 event_min_ns = 0;

/* Set when counting begins. */
bool enabled = false;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1);
} block_events SEC(".maps");

static __always_inline void count_cost(__u64 begin)
{
	if (begin % BLOCK_COST_SAMPLE)
		return;
	__sync_fetch_and_add(&counts.samples, 1);
	__sync_fetch_and_add(&counts.sample_ns, bpf_ktime_get_ns() - begin);
}

static __always_inline __u32 block_op(__u32 flags)
{
	switch (flags & REQ_OP_MASK) {
	case REQ_OP_READ:
		return BLOCK_READ;
	case REQ_OP_WRITE:
	case REQ_OP_ZONE_APPEND:
		return BLOCK_WRITE;
	case REQ_OP_FLUSH:
		return BLOCK_FLUSH;
	case REQ_OP_DISCARD:
	case REQ_OP_SECURE_ERASE:
		return BLOCK_DISCARD;
	default:
		return BLOCK_OTHER;
	}
}

/* Returns true if the bio was held back: a kworker queues it later. */
SEC("fexit/__blk_throtl_bio")
int block_throttled(__u64 *ctx)
{
	struct bio *bio = (void *)ctx[0];
	struct bio_origin origin = origin_of(bio);
	struct block_pending owner = {}, *entry;
	struct block_bucket *bucket;
	__u64 now;

	if (!enabled || !(ctx[1] & 0xff) || !own(&owner, &origin))
		return 0;
	now = bpf_ktime_get_ns();
	bucket = bucket_of(bio);
	if (!bucket)
		return 0;
	entry = find(bucket, bio) ?: claim(bucket, bio, now);
	if (!entry)
		return 0;
	begin_entry(entry, &owner);
	entry->held_ns = now;
	return 0;
}

static __always_inline int queue(struct bio *bio, const struct bio_origin *origin, __u64 now)
{
	struct block_bucket *bucket = bucket_of(bio);
	struct block_pending owner = {}, *entry;

	if (!bucket)
		return 0;
	entry = find(bucket, bio);
	if (entry && entry->held_ns && !entry->queued_ns) {
		entry->held_ns = now - entry->held_ns;
		entry->queued_ns = now;
		return 0;
	}
	if (!own(&owner, origin)) {
		if (entry)
			release(bucket, entry);
		return 0;
	}
	entry = entry ?: claim(bucket, bio, now);
	if (!entry)
		return 0;
	begin_entry(entry, &owner);
	entry->queued_ns = now;
	return 0;
}

SEC("tp_btf/block_bio_queue")
int block_queued(__u64 *ctx)
{
	struct bio *bio = (void *)ctx[0];
	struct bio_origin origin = origin_of(bio);
	__u64 now;

	/* A device that takes bios makes no requests of its own. */
	if (!enabled || !origin.disk->queue->mq_ops)
		return 0;
	now = bpf_ktime_get_ns();
	queue(bio, &origin, now);
	count_cost(now);
	return 0;
}

static __always_inline int forget(struct bio *bio)
{
	struct block_bucket *bucket = enabled && bio ? bucket_of(bio) : NULL;
	struct block_pending *entry = bucket ? find(bucket, bio) : NULL;

	if (entry)
		release(bucket, entry);
	return 0;
}

/* A later bio of a request waits, and is served, with the first one. */
SEC("tp_btf/block_bio_backmerge")
int block_merged_back(__u64 *ctx)
{
	return forget((void *)ctx[0]);
}

/* The request becomes a part of another. */
SEC("tp_btf/block_rq_merge")
int block_merged(__u64 *ctx)
{
	struct request *rq = (void *)ctx[0];

	return forget(rq->bio);
}

/* Moves what is known of a bio out of the table. False: nothing is. */
static __always_inline bool take_bio(struct bio *bio, struct block_pending *out)
{
	struct block_bucket *bucket = bio ? bucket_of(bio) : NULL;
	struct block_pending *entry = bucket ? find(bucket, bio) : NULL;

	if (!entry)
		return false;
	copy_entry(out, entry);
	release(bucket, entry);
	return true;
}

/* A merge at the front has put another bio before the first one. */
static __always_inline bool take_bios(struct bio *bio, struct block_pending *out)
{
	struct block_pending second;

	if (!take_bio(bio, out))
		return false;
	if (bio->bi_next && take_bio(bio->bi_next, &second) && second.queued_ns < out->queued_ns)
		out->queued_ns = second.queued_ns;
	return true;
}

/*
 * A request whose bio was not seen: of the kernel's own, passed through, or an old one. The others
 * were looked at when they were queued, and are not wanted.
 */
static __always_inline bool own_request(struct request *rq, struct bio *bio, struct gendisk *disk,
					struct block_pending *owner)
{
	struct bio_origin origin;

	if (vms_only && bio && (rq->cmd_flags & REQ_OP_MASK) < REQ_OP_DRV_IN)
		return false;
	if (!bio)
		return !vms_only || is_vm_device(disk_dev(disk));
	origin = origin_of(bio);
	return own(owner, &origin);
}

/*
 * The kernel leaves a program out when an interrupt within it leads to the same hook. This request
 * was issued before and has no completion, so its completion was left out.
 */
static __always_inline void end_unseen(const struct block_pending *entry)
{
	struct block_slot *slot = slot_of(entry->flow);

	if (slot)
		__sync_fetch_and_add(&slot->completed, 1);
	__sync_fetch_and_add(&counts.repaired, 1);
	__sync_fetch_and_add(&counts.lost_requests, 1);
}

static __always_inline int issue(struct request *rq, __u64 now)
{
	struct block_bucket *bucket = bucket_of(rq);
	struct gendisk *disk = rq->q->disk;
	struct bio *bio = rq->bio;
	struct block_pending found = {}, *entry;
	struct block_slot *slot;

	if (!bucket)
		return 0;
	entry = find(bucket, rq);
	if (entry && entry->requeued) {
		entry->issued_ns = now;
		entry->requeued = 0;
		return 0;
	}
	if (entry)
		end_unseen(entry);
	if (!take_bios(bio, &found) && !own_request(rq, bio, disk, &found)) {
		if (entry)
			release(bucket, entry);
		return 0;
	}
	entry = entry ?: claim(bucket, rq, now);
	if (!entry)
		return 0;
	copy_entry(entry, &found);
	entry->issued_ns = now;
	entry->requeued = 0;
	entry->flow = flow_of(&found, disk_dev(disk), block_op(rq->cmd_flags), &slot);
	if (slot)
		__sync_fetch_and_add(&slot->issued, 1);
	return 0;
}

SEC("tp_btf/block_rq_issue")
int block_issued(__u64 *ctx)
{
	__u64 now;

	if (!enabled)
		return 0;
	now = bpf_ktime_get_ns();
	issue((void *)ctx[0], now);
	count_cost(now);
	return 0;
}

SEC("tp_btf/block_rq_requeue")
int block_requeued(__u64 *ctx)
{
	struct request *rq = (void *)ctx[0];
	struct block_bucket *bucket = bucket_of(rq);
	struct block_pending *entry = bucket ? find(bucket, rq) : NULL;
	struct block_slot *slot = entry ? slot_of(entry->flow) : NULL;

	if (entry)
		entry->requeued = 1;
	if (slot)
		__sync_fetch_and_add(&slot->requeued, 1);
	return 0;
}

static __always_inline void send_event(const struct block_pending *entry, struct request *rq,
				       __u32 op, __u32 bytes, __u32 status, __u64 now)
{
	__u64 queued = entry->queued_ns ?: entry->issued_ns;
	struct block_event *event;

	if (now - queued + entry->held_ns < event_min_ns)
		return;
	event = bpf_ringbuf_reserve(&block_events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&counts.lost_events, 1);
		return;
	}
	event->time_ns = now;
	event->sector = rq->__sector;
	event->cgroup = entry->cgroup;
	event->held_ns = entry->held_ns;
	event->queued_ns = entry->queued_ns;
	event->issued_ns = entry->issued_ns;
	event->dev = disk_dev(rq->q->disk);
	event->op = op;
	event->bytes = bytes;
	event->status = status;
	event->tgid = entry->tgid;
	event->tid = entry->tid;
	__builtin_memcpy(event->comm, entry->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

static __always_inline void account(struct block_slot *slot, const struct block_pending *entry,
				    __u32 bytes, __u32 status, __u64 now)
{
	__sync_fetch_and_add(&slot->completed, 1);
	__sync_fetch_and_add(&slot->bytes, bytes);
	if (status)
		__sync_fetch_and_add(&slot->failed, 1);
	if (entry->queued_ns) {
		add(&slot->layers[BLOCK_THROTTLED], entry->held_ns);
		add(&slot->layers[BLOCK_QUEUE], entry->issued_ns - entry->queued_ns);
	}
	add(&slot->layers[BLOCK_DEVICE], now - entry->issued_ns);
}

/* Of a request whose issue is not known. Read as data, for the verifier: see struct bio_origin. */
static __always_inline __u32 unissued_dev(struct request *rq)
{
	struct gendisk *disk = BPF_CORE_READ(rq, q, disk);

	return (__u32)BPF_CORE_READ(disk, major) << 20 | (__u32)BPF_CORE_READ(disk, first_minor);
}

/*
 * An empty write is a flush. For all that wait for one, the kernel sends a flush of its own,
 * without bio and owner; theirs are never issued. Their whole wait is the device's time.
 */
static __always_inline int complete_flush(struct request *rq, struct block_pending *found,
					  __u32 status, __u64 now)
{
	struct block_slot *slot;

	if (!found->tgid && !found->cgroup)
		return 0;
	found->issued_ns = found->queued_ns;
	flow_of(found, unissued_dev(rq), BLOCK_FLUSH, &slot);
	if (!slot)
		return 0;
	__sync_fetch_and_add(&slot->issued, 1);
	account(slot, found, 0, status, now);
	if (send_events)
		send_event(found, rq, BLOCK_FLUSH, 0, status, now);
	return 0;
}

/* Its bio is known, but not its issue, because that program was left out: counted, not timed. */
static __always_inline int complete_unseen(struct request *rq, const struct block_pending *found,
					   __u32 status, __u32 bytes)
{
	struct block_slot *slot;

	flow_of(found, unissued_dev(rq), block_op(rq->cmd_flags), &slot);
	__sync_fetch_and_add(&counts.repaired, 1);
	__sync_fetch_and_add(&counts.lost_requests, 1);
	if (!slot)
		return 0;
	__sync_fetch_and_add(&slot->issued, 1);
	__sync_fetch_and_add(&slot->completed, 1);
	__sync_fetch_and_add(&slot->bytes, bytes);
	if (status)
		__sync_fetch_and_add(&slot->failed, 1);
	return 0;
}

/*
 * No issue is known: a flush, an issue that was left out, an unwanted request, or one from before
 * the start.
 */
static __always_inline int complete_unissued(struct request *rq, __u32 status, __u32 bytes,
					     __u64 now)
{
	struct block_pending found = {};

	if (rq->__data_len && bytes < rq->__data_len)
		return 0;
	if (take_bio(rq->bio, &found))
		return rq->__data_len ? complete_unseen(rq, &found, status, bytes)
				      : complete_flush(rq, &found, status, now);
	if (rq->__data_len && !vms_only)
		__sync_fetch_and_add(&counts.early, 1);
	return 0;
}

static __always_inline int complete(struct request *rq, __u32 status, __u32 bytes, __u64 now)
{
	struct block_bucket *bucket = bucket_of(rq);
	struct block_pending *entry = bucket ? find(bucket, rq) : NULL;
	struct block_slot *slot;

	if (!entry)
		return complete_unissued(rq, status, bytes, now);
	slot = slot_of(entry->flow);
	if (bytes < rq->__data_len) { /* a part: the rest is still to come */
		if (slot)
			__sync_fetch_and_add(&slot->bytes, bytes);
		return 0;
	}
	if (slot)
		account(slot, entry, bytes, status, now);
	if (slot && send_events)
		send_event(entry, rq, slot->key.op, bytes, status, now);
	release(bucket, entry);
	return 0;
}

/* (request, status, bytes) */
SEC("tp_btf/block_rq_complete")
int block_completed(__u64 *ctx)
{
	__u64 now;

	if (!enabled)
		return 0;
	now = bpf_ktime_get_ns();
	complete((void *)ctx[0], ctx[1], ctx[2], now);
	count_cost(now);
	return 0;
}
