/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which VM a request may belong to, and where requests of one kind, device and owner are counted.
 * User space, which knows all VMs, decides which VM it is.
 */
#ifndef KVMQ_FLOW_BPF_H
#define KVMQ_FLOW_BPF_H

#include "owner.bpf.h"
#include "pending.bpf.h"

const volatile bool vms_only = false;
const volatile bool send_events = false;

/* How many keys the three maps below hold. An empty map is not searched. */
__u32 tgid_count = 0;
__u32 cgroup_count = 0;
__u32 device_count = 0;

/* Slots beyond have never been used. */
__u32 flows_seen = 0;

struct tgid_chunk {
	__u64 bits[1 << (BLOCK_TGID_BITS - 6)];
};

/* The processes that are VMs, a bit for each tgid; written by user space, as the next two. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tgid_chunk);
} vm_tgids SEC(".maps");

/* Cgroups that hold VMs, and who owns these. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BLOCK_OWNERS);
	__type(key, __u64);
	__type(value, __u32);
} vm_cgroups SEC(".maps");

/* The users of the processes that are VMs. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BLOCK_OWNERS);
	__type(key, __u32);
	__type(value, __u32);
} vm_uids SEC(".maps");

/* Devices that belong to one VM alone. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BLOCK_OWNERS);
	__type(key, __u32);
	__type(value, __u32);
} vm_devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BLOCK_FLOWS);
	__type(key, struct block_key);
	__type(value, __u32);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, BLOCK_FLOWS);
	__type(key, __u32);
	__type(value, struct block_slot);
} slots SEC(".maps");

/* Of the keys that share a place, slot + 1 of the one that was looked up last: a guess. */
static __u16 hints[1 << BLOCK_HINT_BITS];

/* Free slots. User space fills the list, and returns the slots of VMs that have gone. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, BLOCK_FLOWS);
	__uint(value_size, sizeof(__u32));
} free_slots SEC(".maps");

static __always_inline __u32 current_vm(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32, index = tgid >> BLOCK_TGID_BITS;
	struct tgid_chunk *chunk = tgid_count ? bpf_map_lookup_elem(&vm_tgids, &index) : NULL;
	__u32 bit = tgid & ((1 << BLOCK_TGID_BITS) - 1);

	return chunk && chunk->bits[bit >> 6] >> (bit & 63) & 1 ? tgid : 0;
}

/*
 * What tells whose a bio is. Loaded once, before a program branches: for each pointer that it loads
 * from its arguments, the verifier of 6.4 and later searches the kernel's types by name
 * (btf_nested_type_is_trusted()), 0.8 ms each time that it comes by.
 */
struct bio_origin {
	struct gendisk *disk;
	struct blkcg_gq *group;
};

static __always_inline struct bio_origin origin_of(struct bio *bio)
{
	return (struct bio_origin){ bio->bi_bdev->bd_disk, bio->bi_blkg };
}

/* The blk-cgroup's id if it holds VMs, else 0. */
static __always_inline __u64 vm_cgroup(struct blkcg_gq *group)
{
	__u64 id = cgroup_count ? group->blkcg->css.cgroup->kn->id : 0;

	return id && bpf_map_lookup_elem(&vm_cgroups, &id) ? id : 0;
}

static __always_inline __u32 disk_dev(struct gendisk *disk)
{
	return (__u32)disk->major << 20 | (__u32)disk->first_minor;
}

static __always_inline bool is_vm_device(__u32 dev)
{
	return device_count && bpf_map_lookup_elem(&vm_devices, &dev);
}

/* Notes who submits a bio. Returns whether its requests are wanted. */
static __always_inline bool own(struct block_pending *owner, const struct bio_origin *origin)
{
	owner->tgid = current_vm();
	owner->cgroup = vm_cgroup(origin->group);
	return !vms_only || owner->tgid || owner->cgroup || is_vm_device(disk_dev(origin->disk));
}

static __always_inline void note_submitter(struct block_pending *entry)
{
	if (!send_events)
		return;
	entry->tid = bpf_get_current_pid_tgid();
	bpf_get_current_comm(entry->comm, sizeof(entry->comm));
}

static __always_inline void begin_entry(struct block_pending *entry,
					const struct block_pending *owner)
{
	entry->held_ns = 0;
	entry->queued_ns = 0;
	entry->issued_ns = 0;
	entry->flow = 0;
	entry->tgid = owner->tgid;
	entry->cgroup = owner->cgroup;
	note_submitter(entry);
}

/* Copies what the bio's entry tells of a request to the request's own entry. */
static __always_inline void copy_entry(struct block_pending *to, const struct block_pending *from)
{
	to->held_ns = from->held_ns;
	to->queued_ns = from->queued_ns;
	to->cgroup = from->cgroup;
	to->tgid = from->tgid;
	if (!send_events)
		return;
	to->tid = from->tid;
	__builtin_memcpy(to->comm, from->comm, sizeof(to->comm));
}

/* Whose share a flow counts against; nobody's, if it is no VM's. */
static __always_inline struct owner flow_owner(const struct block_key *key)
{
	struct owner owner = { .kind = OWNER_UID, .id = OWNER_NOBODY, .uid = OWNER_NOBODY };
	__u32 *uid = NULL;

	if (key->tgid) {
		owner.kind = OWNER_VM;
		owner.id = key->tgid;
		uid = bpf_map_lookup_elem(&vm_uids, &key->tgid);
	} else if (key->cgroup) {
		owner.kind = OWNER_CGROUP;
		owner.id = key->cgroup;
		uid = bpf_map_lookup_elem(&vm_cgroups, &key->cgroup);
	}
	if (uid)
		owner.uid = *uid;
	return owner;
}

static __noinline __u32 create_flow(const struct block_key *key)
{
	struct block_slot *slot;
	struct owner owner;
	__u32 index;

	if (!key)
		return 0;
	owner = flow_owner(key);
	if (!share_take(&owner))
		return 0;
	if (bpf_map_pop_elem(&free_slots, &index)) {
		share_give_back(&owner);
		return 0;
	}
	slot = bpf_map_lookup_elem(&slots, &index);
	if (!slot)
		return 0;
	/*
	 * Two CPUs may store their numbers in the wrong order: user space keeps the highest, and
	 * looks a little beyond.
	 */
	if (index >= flows_seen)
		flows_seen = index + 1;
	slot->owner = owner;
	slot->key = *key;
	/* Also a barrier: whoever sees this sees the key. */
	__sync_lock_test_and_set(&slot->used, BLOCK_COUNTS);
	/* If two CPUs do this at once, one slot is wasted: user space reads both. */
	bpf_map_update_elem(&flows, key, &index, BPF_NOEXIST);
	return index + 1;
}

static __always_inline struct block_slot *slot_of(__u32 flow)
{
	__u32 index = flow - 1;

	return flow ? bpf_map_lookup_elem(&slots, &index) : NULL;
}

/* The golden ratio, as in bucket_of(). */
static __always_inline __u16 *hint_of(const struct block_key *key)
{
	__u32 mixed = key->dev * BLOCK_OPS + key->op + (key->tgid << 12) + (__u32)key->cgroup;

	return &hints[mixed * 0x9e3779b1U >> (32 - BLOCK_HINT_BITS)];
}

/* A slot that goes to another owner changes its use meanwhile, so read the use first. */
static __always_inline bool counts_for(const struct block_slot *slot, const struct block_key *key)
{
	if (*(volatile const __u64 *)&slot->used != BLOCK_COUNTS)
		return false;
	barrier();
	return slot->key.dev == key->dev && slot->key.op == key->op &&
	       slot->key.tgid == key->tgid && slot->key.cgroup == key->cgroup;
}

static __always_inline __u32 look_up_flow(const struct block_key *key)
{
	__u32 *index = bpf_map_lookup_elem(&flows, key), flow;

	if (index)
		return *index + 1;
	flow = create_flow(key);
	if (!flow)
		__sync_fetch_and_add(&counts.lost_flows, 1);
	return flow;
}

/* The slot + 1 of a request's flow, and the slot; 0 and NULL: there is no room. */
static __always_inline __u32 flow_of(const struct block_pending *entry, __u32 dev, __u32 op,
				     struct block_slot **slot)
{
	struct block_key key = {
		.cgroup = entry->cgroup, .dev = dev, .tgid = entry->tgid, .op = op
	};
	__u16 *hint = hint_of(&key);
	__u32 flow = *hint;

	*slot = slot_of(flow);
	if (*slot && counts_for(*slot, &key))
		return flow;
	flow = look_up_flow(&key);
	*slot = slot_of(flow);
	if (*slot)
		*hint = flow;
	return flow;
}

static __always_inline void add(struct block_latency *latency, __u64 ns)
{
	__u32 bucket = hist_bucket(ns);

	if (ns)
		__sync_fetch_and_add(&latency->sum_ns, ns);
	if (bucket < HIST_BUCKETS)
		__sync_fetch_and_add(&latency->hist[bucket], 1);
}

#endif
