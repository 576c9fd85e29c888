// SPDX-License-Identifier: GPL-2.0-only
#include "model/io_sets.h"

#include "model/view_sets.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): a member is no expression */

/* A distribution and its sums. */
#define LATENCY(prefix, item, member)                                                              \
	FIELD_AS(prefix "_count", item, member.count, FIELD_U64, FIELD_COUNTER),                   \
		FIELD_AS(prefix "_ns", item, member.sum_ns, FIELD_U64, FIELD_COUNTER),             \
		FIELD_AS(prefix "_hist", item, member.hist, FIELD_U32, FIELD_COUNTER)

#define ONCE(name, member, type, kind) FIELD_AS(name, struct view, io.member, type, kind)

static const struct field cost[] = {
	ONCE("runs", block.runs, FIELD_U64, FIELD_COUNTER),
	ONCE("samples", block.samples, FIELD_U64, FIELD_COUNTER),
	ONCE("sample_ns", block.sample_ns, FIELD_U64, FIELD_COUNTER),
};

static const struct field losses[] = {
	ONCE("events", block.losses.events, FIELD_U64, FIELD_COUNTER),
	ONCE("flows", block.losses.flows, FIELD_U64, FIELD_COUNTER),
	ONCE("requests", block.losses.requests, FIELD_U64, FIELD_COUNTER),
	ONCE("owners", block.losses.owners, FIELD_U64, FIELD_GAUGE),
	ONCE("early", block.losses.early, FIELD_U64, FIELD_COUNTER),
	ONCE("missed", block.losses.missed, FIELD_U64, FIELD_COUNTER),
	ONCE("vmm_requests", vmm.lost, FIELD_U64, FIELD_COUNTER),
	ONCE("ring_reads", queues.failed, FIELD_U64, FIELD_COUNTER),
	ONCE("ring_samples", queues.skipped, FIELD_U64, FIELD_COUNTER),
	ONCE("strangers", strangers, FIELD_U64, FIELD_COUNTER),
	ONCE("unseen", unseen, FIELD_U64, FIELD_GAUGE),
};

static const struct field state[] = {
	ONCE("since_ns", since_ns, FIELD_U64, FIELD_GAUGE),
	ONCE("missing", missing.all, FIELD_TEXT, FIELD_GAUGE),
	ONCE("unseen_words", unseen_words, FIELD_TEXT, FIELD_GAUGE),
	ONCE("vms_missing", missing.vms, FIELD_TEXT, FIELD_GAUGE),
	ONCE("throttling_missing", block.throttling_missing, FIELD_TEXT, FIELD_GAUGE),
	ONCE("vmm_missing", missing.vmm, FIELD_TEXT, FIELD_GAUGE),
	ONCE("queues_missing", missing.queues, FIELD_TEXT, FIELD_GAUGE),
	ONCE("guests_missing", missing.guests, FIELD_TEXT, FIELD_GAUGE),
};

static const struct field vms[] = {
	FIELD(struct io_vm, pid, FIELD_U32, FIELD_KEY),
	FIELD(struct io_vm, start_ns, FIELD_U64, FIELD_KEY),
	FIELD(struct io_vm, name, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct io_vm, uuid, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct io_vm, proxmox_id, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct io_vm, has_pid_added, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct io_vm, own_cgroup, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct io_vm, cgroup, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct io_vm, cgroup_id, FIELD_U64, FIELD_GAUGE),
	FIELD(struct io_vm, chosen, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct io_vm, cgroup_of_vms, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct io_vm, cgroup_of_others, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct io_vm, disks_left_out, FIELD_U32, FIELD_GAUGE),
	FIELD(struct io_vm, options_refused, FIELD_U32, FIELD_GAUGE),
};

static const struct field disks[] = {
	FIELD(struct io_disk, vm_pid, FIELD_U32, FIELD_KEY),
	FIELD(struct io_disk, vm_start_ns, FIELD_U64, FIELD_KEY),
	FIELD(struct io_disk, id, FIELD_U32, FIELD_KEY),
	FIELD(struct io_disk, place, FIELD_U32, FIELD_GAUGE),
	FIELD(struct io_disk, name, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct io_disk, path, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct io_disk, format, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct io_disk, serial, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct io_disk, address, FIELD_TEXT, FIELD_GAUGE),
	FIELD_CODE("backing", struct io_disk, backing, FIELD_U32, FIELD_GAUGE, DISK_BACKINGS),
	FIELD(struct io_disk, dev, FIELD_U32, FIELD_GAUGE),
	FIELD(struct io_disk, size_bytes, FIELD_U64, FIELD_GAUGE),
	FIELD(struct io_disk, no_device, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct io_disk, direct, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct io_disk, shares, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct io_disk, takes_bios, FIELD_BOOL, FIELD_GAUGE),
};

static const struct field leaves[] = {
	FIELD(struct io_leaf, vm_pid, FIELD_U32, FIELD_KEY),
	FIELD(struct io_leaf, vm_start_ns, FIELD_U64, FIELD_KEY),
	FIELD(struct io_leaf, disk, FIELD_U32, FIELD_KEY),
	FIELD(struct io_leaf, place, FIELD_U32, FIELD_KEY),
	FIELD(struct io_leaf, dev, FIELD_U32, FIELD_GAUGE),
};

static const struct field devices[] = {
	FIELD(struct io_device, dev, FIELD_U32, FIELD_KEY),
	FIELD(struct io_device, name, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct io_device, scheduler, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct io_device, stacked, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct io_device, bio_based, FIELD_BOOL, FIELD_GAUGE),
};

static const struct field block_flows[] = {
	FIELD(struct block_flow, dev, FIELD_U32, FIELD_KEY),
	FIELD(struct block_flow, cgroup_id, FIELD_U64, FIELD_KEY),
	FIELD(struct block_flow, vm_pid, FIELD_U32, FIELD_KEY),
	FIELD_CODE("op", struct block_flow, op, FIELD_U32, FIELD_KEY, IO_OPS),
	FIELD_CODE("owner", struct block_flow, whose.owner, FIELD_U32, FIELD_GAUGE, IO_OWNERS),
	FIELD_AS("owner_pid", struct block_flow, whose.vm_pid, FIELD_U32, FIELD_GAUGE),
	FIELD_AS("owner_start_ns", struct block_flow, whose.vm_start_ns, FIELD_U64, FIELD_GAUGE),
	FIELD_AS("owner_disk", struct block_flow, whose.disk, FIELD_U32, FIELD_GAUGE),
	FIELD_AS("stacked", struct block_flow, whose.stacked, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct block_flow, issued, FIELD_U64, FIELD_COUNTER),
	FIELD(struct block_flow, completed, FIELD_U64, FIELD_COUNTER),
	FIELD(struct block_flow, bytes, FIELD_U64, FIELD_COUNTER),
	FIELD(struct block_flow, requeued, FIELD_U64, FIELD_COUNTER),
	FIELD(struct block_flow, failed, FIELD_U64, FIELD_COUNTER),
	LATENCY("throttled", struct block_flow, layers[HOST_THROTTLED]),
	LATENCY("queue", struct block_flow, layers[HOST_QUEUE]),
	LATENCY("device", struct block_flow, layers[HOST_DEVICE]),
};

static const struct field vmm_flows[] = {
	FIELD(struct vmm_flow, vm_pid, FIELD_U32, FIELD_KEY),
	FIELD(struct vmm_flow, vm_start_ns, FIELD_U64, FIELD_KEY),
	FIELD(struct vmm_flow, backend, FIELD_U64, FIELD_KEY),
	FIELD(struct vmm_flow, disk, FIELD_U32, FIELD_KEY),
	FIELD_CODE("op", struct vmm_flow, op, FIELD_U32, FIELD_KEY, IO_OPS),
	FIELD(struct vmm_flow, bytes, FIELD_U64, FIELD_COUNTER),
	LATENCY("vmm", struct vmm_flow, latency),
};

static const struct field rings[] = {
	FIELD(struct virtqueue_flow, vm_pid, FIELD_U32, FIELD_KEY),
	FIELD(struct virtqueue_flow, vm_start_ns, FIELD_U64, FIELD_KEY),
	FIELD(struct virtqueue_flow, disk, FIELD_U32, FIELD_KEY),
	FIELD(struct virtqueue_flow, queue, FIELD_U32, FIELD_KEY),
	FIELD(struct virtqueue_flow, requests, FIELD_U64, FIELD_COUNTER),
	FIELD(struct virtqueue_flow, integral_ns, FIELD_U64, FIELD_COUNTER),
	FIELD(struct virtqueue_flow, in_flight, FIELD_U32, FIELD_GAUGE),
};

/* What a request has waited in. */
#define WAITED(prefix, layer)                                                                      \
	FIELD_AS(prefix "_ns", struct io_event, layers_ns[layer], FIELD_U64, FIELD_GAUGE),         \
		FIELD_AS(prefix "_known", struct io_event, known[layer], FIELD_BOOL, FIELD_GAUGE)

static const struct field events[] = {
	FIELD(struct io_event, time_ns, FIELD_U64, FIELD_GAUGE),
	FIELD(struct io_event, dev, FIELD_U32, FIELD_GAUGE),
	FIELD_CODE("op", struct io_event, op, FIELD_U32, FIELD_GAUGE, IO_OPS),
	FIELD(struct io_event, sector, FIELD_U64, FIELD_GAUGE),
	FIELD(struct io_event, bytes, FIELD_U32, FIELD_GAUGE),
	FIELD(struct io_event, error, FIELD_I32, FIELD_GAUGE),
	FIELD(struct io_event, vm_pid, FIELD_U32, FIELD_GAUGE),
	FIELD(struct io_event, cgroup_id, FIELD_U64, FIELD_GAUGE),
	FIELD_CODE("owner", struct io_event, whose.owner, FIELD_U32, FIELD_GAUGE, IO_OWNERS),
	FIELD_AS("owner_pid", struct io_event, whose.vm_pid, FIELD_U32, FIELD_GAUGE),
	FIELD_AS("owner_start_ns", struct io_event, whose.vm_start_ns, FIELD_U64, FIELD_GAUGE),
	FIELD_AS("owner_disk", struct io_event, whose.disk, FIELD_U32, FIELD_GAUGE),
	FIELD_AS("stacked", struct io_event, whose.stacked, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct io_event, tid, FIELD_U32, FIELD_GAUGE),
	FIELD(struct io_event, comm, FIELD_TEXT, FIELD_GAUGE),
	WAITED("throttled", HOST_THROTTLED),
	WAITED("queue", HOST_QUEUE),
	WAITED("device", HOST_DEVICE),
};

static const struct field guests[] = {
	FIELD(struct io_guest, vm_pid, FIELD_U32, FIELD_KEY),
	FIELD(struct io_guest, vm_start_ns, FIELD_U64, FIELD_KEY),
	FIELD(struct io_guest, received_ns, FIELD_U64, FIELD_GAUGE),
	FIELD(struct io_guest, rejected, FIELD_U64, FIELD_COUNTER),
	FIELD(struct io_guest, rejected_reason, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct io_guest, reported, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct io_guest, session, FIELD_U64, FIELD_GAUGE),
	FIELD(struct io_guest, sequence, FIELD_U64, FIELD_GAUGE),
	FIELD(struct io_guest, losses, FIELD_U64, FIELD_COUNTER),
	FIELD(struct io_guest, disks_left_out, FIELD_U64, FIELD_GAUGE),
	FIELD(struct io_guest, has_first, FIELD_BOOL, FIELD_GAUGE),
	FIELD(struct io_guest, first_session, FIELD_U64, FIELD_GAUGE),
};

static const struct field guest_disks[] = {
	FIELD(struct io_guest_disk, vm_pid, FIELD_U32, FIELD_KEY),
	FIELD(struct io_guest_disk, vm_start_ns, FIELD_U64, FIELD_KEY),
	FIELD(struct io_guest_disk, first, FIELD_BOOL, FIELD_KEY),
	FIELD(struct io_guest_disk, name, FIELD_TEXT, FIELD_KEY),
	FIELD(struct io_guest_disk, serial, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct io_guest_disk, address, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct io_guest_disk, scheduler, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct io_guest_disk, size_bytes, FIELD_U64, FIELD_GAUGE),
};

static const struct field guest_flows[] = {
	FIELD(struct io_guest_flow, vm_pid, FIELD_U32, FIELD_KEY),
	FIELD(struct io_guest_flow, vm_start_ns, FIELD_U64, FIELD_KEY),
	FIELD(struct io_guest_flow, first, FIELD_BOOL, FIELD_KEY),
	FIELD(struct io_guest_flow, disk, FIELD_TEXT, FIELD_KEY),
	FIELD_CODE("op", struct io_guest_flow, op, FIELD_U32, FIELD_KEY, IO_OPS),
	FIELD(struct io_guest_flow, requests, FIELD_U64, FIELD_COUNTER),
	FIELD(struct io_guest_flow, bytes, FIELD_U64, FIELD_COUNTER),
	LATENCY("queue", struct io_guest_flow, layers[GUEST_QUEUE]),
	LATENCY("device", struct io_guest_flow, layers[GUEST_DEVICE]),
};

/* NOLINTEND(bugprone-macro-parentheses) */

const struct set io_sets[IO_SETS] = {
	[IO_SET_COST] = SET_OF_VIEW("io_cost", cost),
	[IO_SET_LOSSES] = SET_OF_VIEW("io_losses", losses),
	[IO_SET_STATE] = SET_OF_VIEW("io_state", state),
	[IO_SET_VMS] = SET_OF_LIST("io_vms", io.vms, vms, 2),
	[IO_SET_DISKS] = SET_OF_LIST("io_disks", io.disks, disks, 3),
	[IO_SET_LEAVES] = SET_OF_LIST("io_leaves", io.leaves, leaves, 4),
	[IO_SET_DEVICES] = SET_OF_LIST("io_devices", io.devices, devices, 1),
	[IO_SET_BLOCK_FLOWS] = SET_OF_LIST("block_flows", io.block.flows, block_flows, 4),
	[IO_SET_BLOCK_BASES] = SET_OF_LIST("block_bases", io.block_bases, block_flows, 4),
	[IO_SET_VMM_FLOWS] = SET_OF_LIST("vmm_flows", io.vmm.flows, vmm_flows, 5),
	[IO_SET_RINGS] = SET_OF_LIST("io_rings", io.queues.flows, rings, 4),
	[IO_SET_EVENTS] = SET_OF_LIST("io_events", io.events, events, 0, .events = true),
	[IO_SET_GUESTS] = SET_OF_LIST("io_guests", io.guests, guests, 2),
	[IO_SET_GUEST_DISKS] = SET_OF_LIST("io_guest_disks", io.guest_disks, guest_disks, 4),
	[IO_SET_GUEST_FLOWS] = SET_OF_LIST("io_guest_flows", io.guest_flows, guest_flows, 5),
};
