// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which NUMA hint faults do a vCPU's accesses take, and what do these migrate?
 *
 * A guest's access to a page that NUMA balancing has unmapped ends in KVM's fault
 * handler, which maps it again with the vCPU's thread as current. A hint fault outside of
 * that handler is an access of the kernel's or the VMM's own.
 */
#include "slot.bpf.h"

#include "numa.h"

/* include/linux/sched/numa_balancing.h */
#define TNF_MIGRATED 0x01
#define TNF_FAULT_LOCAL 0x08

const volatile bool send_events = false;

/* Bits of page flags right of the node's number; 0: not known. */
const volatile __u32 page_node_shift = 0;

struct numa_event_losses losses = {};

/* A record has counted something: until then user space need not have their memory. */
bool any_fault = false;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SCHED_SLOTS);
	__type(key, __u32);
	__type(value, struct numa_faults);
} faults SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1);
} fault_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct numa_memory);
} memory SEC(".maps");

/* The slot's record is an earlier thread's. Volatile: BPF has no memset. */
static __always_inline void start_record(struct numa_faults *record, __u32 generation)
{
	record->generation = generation;
	record->in_kvm = 0;
	record->from_node = 0;
	for (int place = 0; place < NUMA_PLACES; place++) {
		record->faults[place] = 0;
		record->pages[place] = 0;
	}
	record->own_faults = 0;
	record->own_pages = 0;
	for (int node = 0; node < SCHED_NODES; node++) {
		*(volatile __u64 *)&record->migrated_to[node] = 0;
		*(volatile __u64 *)&record->migrated_from[node] = 0;
	}
}

/* The current task's record, if it is a thread of a VM that is wanted; else NULL. */
static __always_inline struct numa_faults *own_record(__u32 *slot)
{
	__u16 *entry = slot_entry((__u32)bpf_get_current_pid_tgid());
	struct sched_thread *thread;
	struct numa_faults *record;

	if (!entry || !*entry)
		return NULL;
	*slot = *entry - 1;
	thread = bpf_map_lookup_elem(&threads, slot);
	record = bpf_map_lookup_elem(&faults, slot);
	if (!thread || !record || ignored(*slot, thread))
		return NULL;
	if (record->generation != thread->generation) {
		/* Its books have not begun. */
		if (known_state(*slot, thread) == SCHED_FOUND)
			return NULL;
		start_record(record, thread->generation);
	}
	return record;
}

static __always_inline int set_in_kvm(__u32 value)
{
	struct numa_faults *record;
	__u32 slot;

	record = own_record(&slot);
	if (record)
		record->in_kvm = value;
	return 0;
}

SEC("fentry/kvm_mmu_page_fault")
int numa_kvm_enter(void *ctx)
{
	(void)ctx;
	return set_in_kvm(1);
}

SEC("fexit/kvm_mmu_page_fault")
int numa_kvm_leave(void *ctx)
{
	(void)ctx;
	return set_in_kvm(0);
}

/*
 * Notes where a page is before it is moved: the fault that is reported later knows only where it
 * goes.
 */
SEC("fentry/migrate_misplaced_folio")
int numa_migrate(__u64 *ctx)
{
	struct numa_faults *record;
	__u32 slot;

	record = own_record(&slot);
	if (record && page_node_shift)
		record->from_node = (compat_page_flags((void *)ctx[0]) >> page_node_shift) + 1;
	return 0;
}

static __always_inline void send_event(const struct numa_faults *record, __u32 slot, __u32 pages,
				       __u32 to_node, bool remote, bool migrated)
{
	struct numa_fault_event *event = bpf_ringbuf_reserve(&fault_events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&losses.events, 1);
		return;
	}
	event->time_ns = bpf_ktime_get_ns();
	event->slot = slot;
	event->generation = record->generation;
	event->pages = pages;
	event->node = bpf_get_numa_node_id();
	event->remote = remote;
	event->migrated = migrated;
	event->from_node = record->from_node ? record->from_node - 1 : SCHED_NODES;
	event->to_node = to_node;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

static __always_inline void count_migration(struct numa_faults *record, __u32 pages, __u32 to_node)
{
	__u32 from_node = record->from_node - 1;

	if (to_node < SCHED_NODES)
		record->migrated_to[to_node] += pages;
	if (record->from_node && from_node < SCHED_NODES)
		record->migrated_from[from_node] += pages;
}

/* task_numa_fault(last_cpupid, mem_node, pages, flags) */
SEC("fentry/task_numa_fault")
int numa_fault(__u64 *ctx)
{
	__u32 to_node = ctx[1], pages = ctx[2], flags = ctx[3], slot;
	bool migrated = flags & TNF_MIGRATED, remote = !(flags & TNF_FAULT_LOCAL);
	struct numa_faults *record;

	record = own_record(&slot);
	if (!record)
		return 0;
	if (!any_fault)
		any_fault = true;
	if (!record->in_kvm) {
		record->own_faults++;
		record->own_pages += pages;
	} else if (remote) {
		record->faults[NUMA_PLACE_REMOTE]++;
		record->pages[NUMA_PLACE_REMOTE] += pages;
	} else {
		record->faults[NUMA_PLACE_LOCAL]++;
		record->pages[NUMA_PLACE_LOCAL] += pages;
	}
	if (migrated)
		count_migration(record, pages, to_node);
	remote = remote && record->in_kvm;
	if (send_events && (remote || migrated))
		send_event(record, slot, pages, to_node, remote, migrated);
	record->from_node = 0;
	return 0;
}

/*
 * The slot's number in the list is read from memory each time: otherwise the verifier would follow
 * each value that it can have.
 */
static __always_inline void *add_slot(struct numa_memory *list, struct kvm_memslots___kvmq *slots,
				      void *node)
{
	struct numa_slot *slot = &list->slots[*(volatile __u32 *)&list->count & (NUMA_SLOTS - 1)];

	list->count++;
	return compat_memslot(slots, node, &slot->begin, &slot->pages);
}

/*
 * User space runs this. Finds where the memory of a VM is in the VMM's address space, from KVM's
 * own list. Argument: kernel address of a vCPU. A memory slot that comes or goes meanwhile may be
 * missed.
 */
SEC("raw_tp")
int numa_read_memory(struct bpf_raw_tracepoint_args *ctx)
{
	struct kvm_memslots___kvmq *slots;
	struct numa_memory *list;
	__u32 zero = 0;

	list = bpf_map_lookup_elem(&memory, &zero);
	slots = compat_memslots((void *)ctx->args[0]);
	if (!list || !slots)
		return 0;
	list->count = 0;
	list->lost = 0;
	for (__u32 bucket = 0; bucket < NUMA_SLOT_BUCKETS; bucket++) {
		void *node = compat_memslots_first(slots, bucket);

		for (int i = 0; i < NUMA_SLOT_CHAIN && node; i++)
			node = add_slot(list, slots, node);
		if (node)
			list->lost++;
	}
	return 1;
}
