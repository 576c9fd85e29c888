// SPDX-License-Identifier: GPL-2.0-only
/* The layers above the host's block layer: VMM, rings, guests. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "io/io_rows_internal.h"

#define SERIAL_ROOM 20

static uint64_t growth(const struct vmm_snapshot *before, const struct vmm_flow *after)
{
	const struct vmm_flow *flow = vmm_snapshot__find(before, after);

	return after->latency.count - (flow ? flow->latency.count : 0);
}

/* One that was unplugged had another, and so has firmware. */
static bool has_one_backend(const struct vmm_snapshot *vmm, const struct vmm_flow *flow)
{
	for (size_t i = 0; i < vmm->flows.count; i++)
		if (vmm->flows.list[i].vm_pid == flow->vm_pid &&
		    vmm->flows.list[i].backend != VMM_BY_QMP &&
		    vmm->flows.list[i].backend != flow->backend)
			return false;
	return true;
}

/*
 * Which disk a backend of the uprobe is: QEMU counts in this interval what the uprobe did, and
 * no other disk's count is the same. One disk and one backend need no proof.
 */
static uint32_t find_disk(const struct io_moments *moments, const struct io_vm *vm,
			  const struct vmm_flow *flow)
{
	const struct vmm_snapshot *now = &moments->after->vmm, *then = &moments->before->vmm;
	uint64_t count = growth(then, flow);
	uint32_t disk = DISK_NO_ID;

	if (vm->disks->count == 1 && has_one_backend(now, flow))
		return vm->disks->list[0].id;
	for (size_t i = 0; i < now->flows.count && count; i++) {
		const struct vmm_flow *other = &now->flows.list[i];

		if (other->backend != VMM_BY_QMP || other->vm_pid != flow->vm_pid ||
		    other->op != flow->op || growth(then, other) != count)
			continue;
		if (disk != DISK_NO_ID)
			return DISK_NO_ID;
		disk = other->disk;
	}
	return disk;
}

/*
 * Whether the time between two readings can be told. QEMU counts since it started, and another
 * disk may have come to this one's place. The uprobe's flow begins with its first request.
 */
static bool has_interval(const struct vmm_flow *after, const struct vmm_flow *before)
{
	if (!before)
		return after->backend != VMM_BY_QMP;
	return after->latency.count >= before->latency.count &&
	       after->latency.sum_ns >= before->latency.sum_ns && after->bytes >= before->bytes;
}

static void add_vmm_flow(struct io_row *row, const struct io_moments *moments,
			 const struct vmm_flow *after)
{
	const struct vmm_flow *before = vmm_snapshot__find(&moments->before->vmm, after);

	if (!has_interval(after, before))
		return;
	add_layer(row, IO_VMM, &after->latency, before ? &before->latency : NULL);
	row->spread_known[IO_VMM] = after->backend != VMM_BY_QMP;
	row->vmm_by_qmp = after->backend == VMM_BY_QMP;
	row->vmm_requests = row->layers[IO_VMM].count;
	if (row->on_host)
		return;
	row->figures_known = true;
	row->total.requests += after->latency.count;
	row->total.bytes += after->bytes;
	row->interval.requests += after->latency.count - (before ? before->latency.count : 0);
	row->interval.bytes += after->bytes - (before ? before->bytes : 0);
}

/* First those with a distribution, then what QMP alone knows. */
static int add_vmm_flows(struct io_rows *rows, const struct io_moments *moments, bool by_qmp)
{
	const struct vmm_snapshot *vmm = &moments->after->vmm;

	for (size_t i = 0; i < vmm->flows.count; i++) {
		const struct vmm_flow *flow = &vmm->flows.list[i];
		struct io_place place = { .kind = IO_ROW_DISK };
		struct io_row *row;
		uint32_t disk;

		place.vm = io_vms__find(moments->vms, flow->vm_pid);
		if ((flow->backend == VMM_BY_QMP) != by_qmp || !place.vm || !place.vm->vm->chosen)
			continue;
		disk = by_qmp ? flow->disk : find_disk(moments, place.vm, flow);
		/* Nobody can tell whose it is, and nobody asks: it did nothing. */
		if (disk == DISK_NO_ID && !growth(&moments->before->vmm, flow))
			continue;
		place.disk = disks__find(place.vm->disks, disk);
		if (!place.disk)
			place.kind = IO_ROW_VM;
		row = io_rows__get(rows, &place, flow->op);
		if (!row)
			return -ENOMEM;
		if (!by_qmp || !row->known[IO_VMM])
			add_vmm_flow(row, moments, flow);
	}
	return 0;
}

int io_rows__add_vmm(struct io_rows *rows, const struct io_moments *moments)
{
	int error = add_vmm_flows(rows, moments, false);

	return error ? error : add_vmm_flows(rows, moments, true);
}

/* A ring says nothing of what its requests are: all of a disk's together. */
int io_rows__add_queues(struct io_rows *rows, const struct io_moments *moments)
{
	const struct virtqueue_snapshot *queues = &moments->after->queues;

	for (size_t i = 0; i < queues->flows.count; i++) {
		const struct virtqueue_flow *after = &queues->flows.list[i];
		const struct virtqueue_flow *before =
			virtqueue_snapshot__find(&moments->before->queues, after);
		struct io_place place = { .kind = IO_ROW_DISK };
		struct io_row *row;

		place.vm = io_vms__find(moments->vms, after->vm_pid);
		if (!before || !place.vm || !place.vm->vm->chosen)
			continue;
		place.disk = disks__find(place.vm->disks, after->disk);
		if (!place.disk)
			continue;
		row = io_rows__get(rows, &place, IO_ALL);
		if (!row)
			return -ENOMEM;
		row->known[IO_RING] = true;
		row->layers[IO_RING].count += after->requests - before->requests;
		row->layers[IO_RING].sum_ns += after->integral_ns - before->integral_ns;
	}
	return 0;
}

/* "0000:00:05.0" of the guest is "05.0" of QEMU. */
static bool same_address(const char *guest, const char *host)
{
	size_t length = strlen(guest), wanted = strlen(host);

	return wanted && length >= wanted && !strcmp(guest + length - wanted, host);
}

/* virtio and NVMe have room for 20 bytes of a serial number, and no more reaches the guest. */
static bool same_serial(const char *guest, const char *host)
{
	return !strcmp(guest, host) ||
	       (strlen(guest) == SERIAL_ROOM && !strncmp(guest, host, SERIAL_ROOM));
}

/* The only one of its size, on both sides. */
static const struct disk *match_size(const struct disks *disks, const struct guest_report *report,
				     const struct guest_disk *guest)
{
	const struct disk *found = NULL;
	size_t here = 0, there = 0;

	for (size_t i = 0; i < report->disk_count; i++)
		there += report->disks[i].size_bytes == guest->size_bytes;
	for (size_t i = 0; i < disks->count; i++) {
		if (disks->list[i].size_bytes != guest->size_bytes)
			continue;
		found = &disks->list[i];
		here++;
	}
	if (!guest->size_bytes || here != 1 || there != 1)
		return NULL;
	/* Two serial numbers are two disks. */
	return *guest->serial && *found->serial ? NULL : found;
}

/* By serial number, else by PCI address, else by size. */
static const struct disk *match_disk(const struct disks *disks, const struct guest_report *report,
				     const struct guest_disk *guest)
{
	for (size_t i = 0; i < disks->count; i++)
		if (*guest->serial && same_serial(guest->serial, disks->list[i].serial))
			return &disks->list[i];
	for (size_t i = 0; i < disks->count; i++)
		if (same_address(guest->address, disks->list[i].address))
			return &disks->list[i];
	return match_size(disks, report, guest);
}

static const struct io_guest *find_guest(const struct io_view *view, uint32_t vm_pid)
{
	for (size_t i = 0; i < view->guest_count; i++)
		if (view->guests[i].vm_pid == vm_pid)
			return &view->guests[i];
	return NULL;
}

/*
 * The report that the interval begins with: the last one before it; or the first one of a guest
 * that was not heard of then, and had counted for nobody knows how long. *all: the guest's
 * counters began in the interval. NULL otherwise: its time is not known.
 */
static const struct guest_report *begin_report(const struct io_guest *guest,
					       const struct io_guest *earlier, bool *all)
{
	const struct guest_report *before = earlier ? earlier->report : NULL;

	if (before && before->session == guest->report->session)
		return before;
	*all = before || guest->report->sequence == 1;
	if (!*all && guest->first && guest->first->session == guest->report->session)
		return guest->first;
	return NULL;
}

static void add_guest_flow(struct io_row *row, const struct guest_flow *after,
			   const struct guest_flow *before)
{
	for (int layer = 0; layer < GUEST_LAYERS; layer++)
		add_layer(row, (enum io_layer)(IO_GUEST_QUEUE + layer), &after->layers[layer],
			  before ? &before->layers[layer] : NULL);
	if (row->figures_known)
		return;
	row->figures_known = true;
	row->total.requests = after->requests;
	row->total.bytes = after->bytes;
	row->interval.requests = after->requests - (before ? before->requests : 0);
	row->interval.bytes = after->bytes - (before ? before->bytes : 0);
}

static int add_guest_disk(struct io_rows *rows, const struct io_guest *guest,
			  const struct io_guest *earlier, const struct io_vm *vm,
			  const struct guest_disk *disk)
{
	bool all = false;
	const struct guest_report *begin = begin_report(guest, earlier, &all);
	const struct guest_disk *before = begin ? guest_report__find(begin, disk) : NULL;
	struct io_place place = { .kind = IO_ROW_DISK,
				  .vm = vm,
				  .disk = match_disk(vm->disks, guest->report, disk) };

	if (!place.disk) {
		place.kind = IO_ROW_GUEST;
		place.guest_disk = disk->name;
	}
	for (int op = 0; op < IO_OPS; op++) {
		struct io_row *row;

		/* Reads and writes have rows anyway. */
		if (op > IO_WRITE && !disk->flows[op].requests)
			continue;
		row = io_rows__get(rows, &place, (enum io_op)op);
		if (!row)
			return -ENOMEM;
		snprintf(row->guest_disk, sizeof(row->guest_disk), "%s", disk->name);
		snprintf(row->guest_scheduler, sizeof(row->guest_scheduler), "%s", disk->scheduler);
		if (begin || all)
			add_guest_flow(row, &disk->flows[op], before ? &before->flows[op] : NULL);
	}
	return 0;
}

int io_rows__add_guests(struct io_rows *rows, const struct io_moments *moments)
{
	const struct io_view *view = moments->after;

	for (size_t i = 0; i < view->guest_count; i++) {
		const struct io_guest *guest = &view->guests[i];
		const struct io_guest *earlier = find_guest(moments->before, guest->vm_pid);
		const struct io_vm *vm = io_vms__find(moments->vms, guest->vm_pid);

		for (size_t j = 0;
		     guest->report && vm && vm->vm->chosen && j < guest->report->disk_count; j++)
			if (add_guest_disk(rows, guest, earlier, vm, &guest->report->disks[j]))
				return -ENOMEM;
	}
	return 0;
}
