// SPDX-License-Identifier: GPL-2.0-only
#include "model/io_sets.h"

#include "model/io_view.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): a member is no expression */

/* A distribution and its sums. */
#define LATENCY(prefix, item, member)                                                              \
	FIELD_AS(prefix "_count", item, member.count, FIELD_U64, FIELD_COUNTER),                   \
		FIELD_AS(prefix "_ns", item, member.sum_ns, FIELD_U64, FIELD_COUNTER),             \
		FIELD_AS(prefix "_hist", item, member.hist, FIELD_U32, FIELD_COUNTER)

#define MOMENT(name, member, type, kind) FIELD_AS(name, struct io_view, member, type, kind)

static const struct field moment[] = {
	MOMENT("time_ns", time_ns, FIELD_U64, FIELD_GAUGE),
	MOMENT("realtime_ns", realtime_ns, FIELD_U64, FIELD_GAUGE),
	MOMENT("own_cpu_ns", own_cpu_ns, FIELD_U64, FIELD_COUNTER),
	MOMENT("runs", block.runs, FIELD_U64, FIELD_COUNTER),
	MOMENT("samples", block.samples, FIELD_U64, FIELD_COUNTER),
	MOMENT("sample_ns", block.sample_ns, FIELD_U64, FIELD_COUNTER),
	MOMENT("lost_events", block.losses.events, FIELD_U64, FIELD_COUNTER),
	MOMENT("lost_flows", block.losses.flows, FIELD_U64, FIELD_COUNTER),
	MOMENT("lost_requests", block.losses.requests, FIELD_U64, FIELD_COUNTER),
	MOMENT("lost_owners", block.losses.owners, FIELD_U64, FIELD_GAUGE),
	MOMENT("early", block.losses.early, FIELD_U64, FIELD_COUNTER),
	MOMENT("missed", block.losses.missed, FIELD_U64, FIELD_COUNTER),
	MOMENT("lost_vmm_requests", vmm.lost, FIELD_U64, FIELD_COUNTER),
	MOMENT("lost_ring_reads", queues.failed, FIELD_U64, FIELD_COUNTER),
	MOMENT("lost_ring_samples", queues.skipped, FIELD_U64, FIELD_COUNTER),
	MOMENT("strangers", strangers, FIELD_U64, FIELD_COUNTER),
	MOMENT("unseen", unseen, FIELD_U64, FIELD_GAUGE),
};

/* What is the same at most moments. */
static const struct field state[] = {
	MOMENT("host", host.name, FIELD_TEXT, FIELD_GAUGE),
	MOMENT("kernel", host.kernel, FIELD_TEXT, FIELD_GAUGE),
	MOMENT("boot_id", host.boot_id, FIELD_TEXT, FIELD_GAUGE),
	MOMENT("cpus", host.cpus, FIELD_U32, FIELD_GAUGE),
	MOMENT("unseen_words", unseen_words, FIELD_TEXT, FIELD_GAUGE),
	MOMENT("vms_missing", missing.vms, FIELD_TEXT, FIELD_GAUGE),
	MOMENT("throttling_missing", block.throttling_missing, FIELD_TEXT, FIELD_GAUGE),
	MOMENT("vmm_missing", missing.vmm, FIELD_TEXT, FIELD_GAUGE),
	MOMENT("queues_missing", missing.queues, FIELD_TEXT, FIELD_GAUGE),
	MOMENT("guests_missing", missing.guests, FIELD_TEXT, FIELD_GAUGE),
};

static const struct field vms[] = {
	FIELD(struct io_vm, pid, FIELD_U32, FIELD_KEY),
	FIELD(struct io_vm, start_ns, FIELD_U64, FIELD_KEY),
	FIELD(struct io_vm, name, FIELD_TEXT, FIELD_GAUGE),
	FIELD(struct io_vm, uuid, FIELD_TEXT, FIELD_GAUGE),
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

#define SET(table, member, fields_of, keys)                                                        \
	{                                                                                          \
		.name = (table), .fields = (fields_of),                                            \
		.field_count = sizeof(fields_of) / sizeof(fields_of[0]), .key_count = (keys),      \
		.size = sizeof(*((struct io_view *)0)->member.list),                               \
		.list = offsetof(struct io_view, member)                                           \
	}

/* NOLINTEND(bugprone-macro-parentheses) */

const struct set io_sets[IO_SETS] = {
	[IO_SET_MOMENT] = { .name = "moments",
			    .fields = moment,
			    .field_count = sizeof(moment) / sizeof(moment[0]),
			    .size = sizeof(struct io_view) },
	[IO_SET_STATE] = { .name = "io_state",
			   .fields = state,
			   .field_count = sizeof(state) / sizeof(state[0]),
			   .size = sizeof(struct io_view) },
	[IO_SET_VMS] = SET("io_vms", vms, vms, 2),
	[IO_SET_DISKS] = SET("io_disks", disks, disks, 3),
	[IO_SET_LEAVES] = SET("io_leaves", leaves, leaves, 4),
	[IO_SET_DEVICES] = SET("io_devices", devices, devices, 1),
	[IO_SET_BLOCK_FLOWS] = SET("block_flows", block.flows, block_flows, 4),
	[IO_SET_BLOCK_BASES] = SET("block_bases", block_bases, block_flows, 4),
	[IO_SET_VMM_FLOWS] = SET("vmm_flows", vmm.flows, vmm_flows, 5),
	[IO_SET_RINGS] = SET("io_rings", queues.flows, rings, 4),
	[IO_SET_EVENTS] = { .name = "io_events",
			    .fields = events,
			    .field_count = sizeof(events) / sizeof(events[0]),
			    .size = sizeof(struct io_event),
			    .list = offsetof(struct io_view, events),
			    .events = true },
	[IO_SET_GUESTS] = SET("io_guests", guests, guests, 2),
	[IO_SET_GUEST_DISKS] = SET("io_guest_disks", guest_disks, guest_disks, 4),
	[IO_SET_GUEST_FLOWS] = SET("io_guest_flows", guest_flows, guest_flows, 5),
};

const struct set *const io_view_sets[] = {
	&io_sets[IO_SET_MOMENT],      &io_sets[IO_SET_STATE],	    &io_sets[IO_SET_VMS],
	&io_sets[IO_SET_DISKS],	      &io_sets[IO_SET_LEAVES],	    &io_sets[IO_SET_DEVICES],
	&io_sets[IO_SET_BLOCK_FLOWS], &io_sets[IO_SET_BLOCK_BASES], &io_sets[IO_SET_VMM_FLOWS],
	&io_sets[IO_SET_RINGS],	      &io_sets[IO_SET_EVENTS],	    &io_sets[IO_SET_GUESTS],
	&io_sets[IO_SET_GUEST_DISKS], &io_sets[IO_SET_GUEST_FLOWS], NULL,
};
