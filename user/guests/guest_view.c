// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "guests/guest_link.h"

static int add_flows(struct io_view *view, const struct io_guest_disk *disk,
		     const struct guest_disk *from)
{
	for (int op = 0; op < IO_OPS; op++) {
		const struct guest_flow *flow = &from->flows[op];
		struct io_guest_flow *copy;

		if (!flow->requests && !flow->layers[GUEST_QUEUE].count &&
		    !flow->layers[GUEST_DEVICE].count)
			continue;
		copy = list_add(&view->guest_flows);
		if (!copy)
			return -ENOMEM;
		copy->vm_pid = disk->vm_pid;
		copy->vm_start_ns = disk->vm_start_ns;
		copy->first = disk->first;
		copy->op = (enum io_op)op;
		memcpy(copy->disk, disk->name, sizeof(copy->disk));
		copy->requests = flow->requests;
		copy->bytes = flow->bytes;
		memcpy(copy->layers, flow->layers, sizeof(copy->layers));
	}
	return 0;
}

static int add_disks(struct io_view *view, const struct io_guest *guest,
		     const struct guest_report *report, bool first)
{
	for (size_t i = 0; i < report->disk_count; i++) {
		const struct guest_disk *from = &report->disks[i];
		struct io_guest_disk *disk = list_add(&view->guest_disks);

		if (!disk)
			return -ENOMEM;
		disk->vm_pid = guest->vm_pid;
		disk->vm_start_ns = guest->vm_start_ns;
		disk->first = first;
		disk->size_bytes = from->size_bytes;
		memcpy(disk->name, from->name, sizeof(disk->name));
		memcpy(disk->serial, from->serial, sizeof(disk->serial));
		memcpy(disk->address, from->address, sizeof(disk->address));
		memcpy(disk->scheduler, from->scheduler, sizeof(disk->scheduler));
		if (add_flows(view, disk, from))
			return -ENOMEM;
	}
	return 0;
}

int guest__describe(const struct guest *guest, uint64_t vm_start_ns, struct io_view *view)
{
	const struct guest_report *report = guest->report;
	struct io_guest *copy = list_add(&view->guests);

	if (!copy)
		return -ENOMEM;
	copy->vm_pid = guest->vm_pid;
	copy->vm_start_ns = vm_start_ns;
	copy->received_ns = guest->received_ns;
	copy->rejected = guest->rejected;
	if (guest->rejected_reason)
		snprintf(copy->rejected_reason, sizeof(copy->rejected_reason), "%s",
			 guest->rejected_reason);
	if (!report)
		return 0;
	copy->reported = true;
	copy->session = report->session;
	copy->sequence = report->sequence;
	copy->losses = report->losses;
	copy->disks_left_out = report->disks_left_out;
	if (guest->first) {
		copy->has_first = true;
		copy->first_session = guest->first->session;
		if (add_disks(view, copy, guest->first, true))
			return -ENOMEM;
	}
	return add_disks(view, copy, report, false);
}
