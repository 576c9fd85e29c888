// SPDX-License-Identifier: GPL-2.0-only
/* The layers above the host's block layer: VMM, rings, guests. */
#include <errno.h>
#include <string.h>

#include "io/io_rows_internal.h"

#define SERIAL_ROOM 20

static const struct vmm_flow *find_vmm(const struct io_view *view, const struct vmm_flow *flow)
{
	return io_view__find(view, IO_SET_VMM_FLOWS, flow);
}

static uint64_t growth(const struct io_view *before, const struct vmm_flow *after)
{
	const struct vmm_flow *flow = find_vmm(before, after);

	return after->latency.count - (flow ? flow->latency.count : 0);
}

/* All flows of the VM of a flow. */
static const struct vmm_flow *find_all_of_vm(const struct io_view *view,
					     const struct vmm_flow *flow, size_t *count)
{
	return io_view__find_part(view, IO_SET_VMM_FLOWS, 2, flow, count);
}

/* A disk that was unplugged had another backend, and so has firmware. */
static bool has_one_backend(const struct io_view *view, const struct vmm_flow *flow)
{
	size_t count;
	const struct vmm_flow *flows = find_all_of_vm(view, flow, &count);

	for (size_t i = 0; i < count; i++)
		if (flows[i].backend != VMM_BY_QMP && flows[i].backend != flow->backend)
			return false;
	return true;
}

/*
 * Which disk a backend of the uprobe is: QEMU's count for it in this interval equals the uprobe's,
 * and no other disk's does. One disk and one backend need no proof.
 */
static uint32_t find_disk(const struct io_builder *builder, const struct io_vm *vm,
			  const struct vmm_flow *flow)
{
	uint64_t grown = growth(builder->before, flow);
	uint32_t disk = DISK_NO_ID;
	size_t count;
	const struct io_disk *disks = io_view__disks(builder->after, vm, &count);
	const struct vmm_flow *flows;

	if (count == 1 && has_one_backend(builder->after, flow))
		return disks->id;
	flows = find_all_of_vm(builder->after, flow, &count);
	for (size_t i = 0; i < count && grown; i++) {
		const struct vmm_flow *other = &flows[i];

		if (other->backend != VMM_BY_QMP || other->op != flow->op ||
		    growth(builder->before, other) != grown)
			continue;
		if (disk != DISK_NO_ID)
			return DISK_NO_ID;
		disk = other->disk;
	}
	return disk;
}

/*
 * Whether the time between two readings is known. QEMU's counts begin with the first reading, and
 * another disk may have taken the place of this one. The uprobe's flow begins with its first
 * request.
 */
static bool has_interval(const struct vmm_flow *after, const struct vmm_flow *before)
{
	if (!before)
		return after->backend != VMM_BY_QMP;
	return after->latency.count >= before->latency.count &&
	       after->latency.sum_ns >= before->latency.sum_ns && after->bytes >= before->bytes;
}

static int add_vmm_flow(struct io_builder *builder, struct io_row *row,
			const struct vmm_flow *after)
{
	const struct vmm_flow *before = find_vmm(builder->before, after);

	if (!has_interval(after, before))
		return 0;
	if (add_layer(builder, row, IO_VMM, &after->latency, before ? &before->latency : NULL))
		return -ENOMEM;
	row->spread_known[IO_VMM] = after->backend != VMM_BY_QMP;
	row->vmm_by_qmp = after->backend == VMM_BY_QMP;
	row->vmm_requests = io_row__layer(row, IO_VMM)->count;
	if (row->on_host)
		return 0;
	row->figures_known = true;
	row->total.requests += after->latency.count;
	row->total.bytes += after->bytes;
	row->interval.requests += after->latency.count - (before ? before->latency.count : 0);
	row->interval.bytes += after->bytes - (before ? before->bytes : 0);
	return 0;
}

/* First those with a distribution, then what QMP alone knows. */
static int add_vmm_flows(struct io_builder *builder, bool by_qmp)
{
	const struct io_view *view = builder->after;

	for (size_t i = 0; i < view->vmm.flows.count; i++) {
		const struct vmm_flow *flow = &view->vmm.flows.list[i];
		struct io_place place = { .kind = IO_ROW_DISK };
		struct io_row *row;
		uint32_t disk;

		place.vm = io_view__vm(view, flow->vm_pid);
		if ((flow->backend == VMM_BY_QMP) != by_qmp || !place.vm || !place.vm->chosen)
			continue;
		disk = by_qmp ? flow->disk : find_disk(builder, place.vm, flow);
		/* It is not known whose it is, and it does not matter: it did nothing. */
		if (disk == DISK_NO_ID && !growth(builder->before, flow))
			continue;
		place.disk = io_view__disk(view, place.vm, disk);
		if (!place.disk)
			place.kind = IO_ROW_VM;
		row = io_builder__row(builder, &place, flow->op);
		if (!row)
			return -ENOMEM;
		if ((!by_qmp || !row->known[IO_VMM]) && add_vmm_flow(builder, row, flow))
			return -ENOMEM;
	}
	return 0;
}

int io_rows__add_vmm(struct io_builder *builder)
{
	int error = add_vmm_flows(builder, false);

	return error ? error : add_vmm_flows(builder, true);
}

/* A ring does not tell the kind of its requests: all of a disk count together. */
int io_rows__add_queues(struct io_builder *builder)
{
	const struct io_view *view = builder->after;

	for (size_t i = 0; i < view->queues.flows.count; i++) {
		const struct virtqueue_flow *after = &view->queues.flows.list[i];
		const struct virtqueue_flow *before =
			io_view__find(builder->before, IO_SET_RINGS, after);
		struct io_place place = { .kind = IO_ROW_DISK };
		struct latency *ring;
		struct io_row *row;

		place.vm = io_view__vm(view, after->vm_pid);
		if (!before || !place.vm || !place.vm->chosen)
			continue;
		place.disk = io_view__disk(view, place.vm, after->disk);
		if (!place.disk)
			continue;
		row = io_builder__row(builder, &place, IO_ALL);
		ring = row ? own_layer(builder->pool, row, IO_RING) : NULL;
		if (!ring)
			return -ENOMEM;
		row->known[IO_RING] = true;
		ring->count += after->requests - before->requests;
		ring->sum_ns += after->integral_ns - before->integral_ns;
	}
	return 0;
}

/* "0000:00:05.0" of the guest is "05.0" of QEMU. */
static bool same_address(const char *guest, const char *host)
{
	size_t length = strlen(guest), wanted = strlen(host);

	return wanted && length >= wanted && !strcmp(guest + length - wanted, host);
}

/* virtio and NVMe have room for 20 bytes of a serial number, and the guest sees no more. */
static bool same_serial(const char *guest, const char *host)
{
	return !strcmp(guest, host) ||
	       (strlen(guest) == SERIAL_ROOM && !strncmp(guest, host, SERIAL_ROOM));
}

/* What a guest's disks are matched with: those of its VM. */
struct match {
	const struct io_disk *disks;
	size_t count;
	const struct io_guest_disk *guests; /* all of the report */
	size_t guest_count;
};

/* The only one of its size on both sides. */
static const struct io_disk *match_size(const struct match *match,
					const struct io_guest_disk *guest)
{
	const struct io_disk *found = NULL;
	size_t here = 0, there = 0;

	for (size_t i = 0; i < match->guest_count; i++)
		there += match->guests[i].size_bytes == guest->size_bytes;
	for (size_t i = 0; i < match->count; i++) {
		if (match->disks[i].size_bytes != guest->size_bytes)
			continue;
		found = &match->disks[i];
		here++;
	}
	if (!guest->size_bytes || here != 1 || there != 1)
		return NULL;
	/* Two serial numbers are two disks. */
	return *guest->serial && *found->serial ? NULL : found;
}

/* If several disks match, the first in the order of the command line. */
static const struct io_disk *earlier_of(const struct io_disk *a, const struct io_disk *b)
{
	return a && a->place < b->place ? a : b;
}

/* By serial number, else by PCI address, else by size. */
static const struct io_disk *match_disk(const struct match *match,
					const struct io_guest_disk *guest)
{
	const struct io_disk *by_serial = NULL, *by_address = NULL;

	for (size_t i = 0; i < match->count; i++) {
		const struct io_disk *disk = &match->disks[i];

		if (*guest->serial && same_serial(guest->serial, disk->serial))
			by_serial = earlier_of(by_serial, disk);
		if (same_address(guest->address, disk->address))
			by_address = earlier_of(by_address, disk);
	}
	if (by_serial)
		return by_serial;
	return by_address ? by_address : match_size(match, guest);
}

/* The report that an interval begins with: of which view, and the last or the first one there. */
struct begin {
	const struct io_view *view; /* NULL: none */
	bool first;
	bool all; /* there is none, since the guest's counters began in the interval */
};

/*
 * The last report before the interval; or the first report of a guest that was not known then, and
 * has counted for an unknown time.
 */
static struct begin find_begin(const struct io_builder *builder, const struct io_guest *guest)
{
	const struct io_guest *earlier = io_view__find(builder->before, IO_SET_GUESTS, guest);
	struct begin begin = { .view = NULL };
	bool reported = earlier && earlier->reported;

	if (reported && earlier->session == guest->session) {
		begin.view = builder->before;
		return begin;
	}
	begin.all = reported || guest->sequence == 1;
	begin.first = !begin.all && guest->has_first && guest->first_session == guest->session;
	if (begin.first)
		begin.view = builder->after;
	return begin;
}

/* The same disk in the report that the interval begins with, or NULL. */
static const struct io_guest_disk *find_earlier(const struct begin *begin,
						const struct io_guest *guest,
						const struct io_guest_disk *disk)
{
	const struct io_guest_disk *earlier =
		begin->view ? io_view__guest_disk(begin->view, guest, begin->first, disk->name)
			    : NULL;

	return earlier && !strcmp(earlier->serial, disk->serial) &&
			       !strcmp(earlier->address, disk->address)
		       ? earlier
		       : NULL;
}

static int add_guest_flow(struct io_builder *builder, struct io_row *row,
			  const struct io_guest_flow *after, const struct io_guest_flow *before)
{
	static const struct io_guest_flow none;

	if (!after)
		after = &none;
	for (int layer = 0; layer < GUEST_LAYERS; layer++)
		if (add_layer(builder, row, (enum io_layer)(IO_GUEST_QUEUE + layer),
			      &after->layers[layer], before ? &before->layers[layer] : NULL))
			return -ENOMEM;
	if (row->figures_known)
		return 0;
	row->figures_known = true;
	row->total.requests = after->requests;
	row->total.bytes = after->bytes;
	row->interval.requests = after->requests - (before ? before->requests : 0);
	row->interval.bytes = after->bytes - (before ? before->bytes : 0);
	return 0;
}

static int add_guest_disk(struct io_builder *builder, const struct io_place *place,
			  const struct io_guest_disk *disk, const struct begin *begin,
			  const struct io_guest_disk *earlier)
{
	for (int op = 0; op < IO_OPS; op++) {
		const struct io_guest_flow *before = NULL, *flow;
		struct io_row *row;

		flow = io_view__guest_flow(builder->after, disk, (enum io_op)op);
		/* Reads and writes have rows in any case. */
		if (op > IO_WRITE && (!flow || !flow->requests))
			continue;
		row = io_builder__row(builder, place, (enum io_op)op);
		if (!row)
			return -ENOMEM;
		row->guest = disk;
		if (earlier)
			before = io_view__guest_flow(begin->view, earlier, (enum io_op)op);
		if ((begin->view || begin->all) && add_guest_flow(builder, row, flow, before))
			return -ENOMEM;
	}
	return 0;
}

static int add_guest(struct io_builder *builder, const struct io_guest *guest)
{
	const struct io_view *view = builder->after;
	const struct begin begin = find_begin(builder, guest);
	struct io_place place = { .vm = io_view__vm(view, guest->vm_pid) };
	struct match match;

	if (!guest->reported || !place.vm || !place.vm->chosen)
		return 0;
	match.disks = io_view__disks(view, place.vm, &match.count);
	match.guests = io_view__guest_disks(view, guest, false, &match.guest_count);
	for (size_t i = 0; i < match.guest_count; i++) {
		const struct io_guest_disk *disk = &match.guests[i];

		place.disk = match_disk(&match, disk);
		place.kind = place.disk ? IO_ROW_DISK : IO_ROW_GUEST;
		place.guest = place.disk ? NULL : disk;
		if (add_guest_disk(builder, &place, disk, &begin,
				   find_earlier(&begin, guest, disk)))
			return -ENOMEM;
	}
	return 0;
}

int io_rows__add_guests(struct io_builder *builder)
{
	int error = 0;

	for (size_t i = 0; i < builder->after->guests.count && !error; i++)
		error = add_guest(builder, &builder->after->guests.list[i]);
	return error;
}
