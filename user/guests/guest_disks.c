// SPDX-License-Identifier: GPL-2.0-only
#include "guests/guest_disks.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/proc.h"

/* Only printable ASCII, without blanks at the ends: what a report may hold. */
static void copy_text(char *copy, size_t size, const char *text)
{
	size_t length = 0;

	while (*text == ' ')
		text++;
	for (; *text && length + 1 < size; text++)
		if (*text >= ' ' && *text < 127)
			copy[length++] = *text;
	while (length && copy[length - 1] == ' ')
		length--;
	copy[length] = '\0';
}

/* virtio-blk, NVMe and SCSI have it in different places. */
static void read_serial(struct guest_disk *disk, const char *sys)
{
	static const char *const places[] = { "serial", "device/serial", "device/vpd_pg80" };
	char text[256];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		ssize_t size =
			read_file(text, sizeof(text), "%s/block/%s/%s", sys, disk->name, places[i]);
		/* A page of vital product data has four bytes before its text. */
		size_t skip = i == 2 ? 4 : 0;

		if (size <= (ssize_t)skip)
			continue;
		text[strcspn(text + skip, "\n") + skip] = '\0';
		copy_text(disk->serial, sizeof(disk->serial), text + skip);
		return;
	}
}

/* "0000:00:05.0" */
static bool is_pci_address(const char *name, size_t length)
{
	static const char form[] = "xxxx:xx:xx.x";

	if (length != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < length; i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)name[i]) : name[i] != form[i])
			return false;
	return true;
}

/* The last PCI device on the way to the disk. */
static void read_address(struct guest_disk *disk, const char *sys)
{
	char path[PATH_MAX], link[PATH_MAX], *rest = path;

	snprintf(link, sizeof(link), "%s/block/%s/device", sys, disk->name);
	if (!realpath(link, path))
		return;
	for (char *part; (part = strtok_r(rest, "/", &rest));)
		if (is_pci_address(part, strlen(part)))
			copy_text(disk->address, sizeof(disk->address), part);
}

/*
 * The disk's place in the report. Its names are read only once, since asking for a serial number is
 * a request to some disks (virtio-blk). A disk that was replaced has another size, or was absent
 * meanwhile.
 */
static struct guest_disk *find_disk(struct guest_report *report, const struct device *device,
				    const char *sys)
{
	struct guest_disk *disk = NULL;

	for (size_t i = 0; i < report->disk_count && !disk; i++)
		if (!strcmp(report->disks[i].name, device->name))
			disk = &report->disks[i];
	if (!disk && report->disk_count == GUEST_DISKS_MAX)
		return NULL;
	if (!disk)
		disk = &report->disks[report->disk_count++];
	if (!*disk->name || disk->size_bytes != device->size_bytes) {
		memset(disk, 0, sizeof(*disk));
		copy_text(disk->name, sizeof(disk->name), device->name);
		disk->size_bytes = device->size_bytes;
		read_serial(disk, sys);
		read_address(disk, sys);
	}
	copy_text(disk->scheduler, sizeof(disk->scheduler), device->scheduler);
	return disk;
}

static bool is_there(const struct devices *devices, const struct guest_disk *disk)
{
	for (size_t i = 0; i < devices__count(devices); i++)
		if (!strcmp(devices__at(devices, i)->name, disk->name))
			return true;
	return false;
}

/* Counters begin anew, from the snapshot; disks that have gone are left out. */
static void start_disks(struct guest_report *report, const struct devices *devices)
{
	size_t kept = 0;

	for (size_t i = 0; i < report->disk_count; i++)
		if (is_there(devices, &report->disks[i]))
			report->disks[kept++] = report->disks[i];
	for (size_t i = 0; i < kept; i++)
		memset(report->disks[i].flows, 0, sizeof(report->disks[i].flows));
	memset(&report->disks[kept], 0, (GUEST_DISKS_MAX - kept) * sizeof(report->disks[0]));
	report->disk_count = kept;
}

void guest_disks__fill(struct guest_report *report, const struct block_snapshot *block,
		       const struct devices *devices, const char *sys)
{
	const struct block_losses *losses = &block->losses;
	const struct block_flow *left_out = NULL;

	start_disks(report, devices);
	report->disks_left_out = 0;
	report->losses = losses->flows + losses->requests + losses->missed;
	for (size_t i = 0; i < block->flows.count; i++) {
		const struct block_flow *from = &block->flows.list[i];
		const struct device *device = devices__find(devices, from->dev);
		struct guest_disk *disk;
		struct guest_flow *flow;

		if (!device || device->slave_count)
			continue;
		disk = find_disk(report, device, sys);
		if (!disk) { /* flows come by device */
			report->disks_left_out += !left_out || left_out->dev != from->dev;
			left_out = from;
			continue;
		}
		flow = &disk->flows[from->op];
		flow->requests += from->completed;
		flow->bytes += from->bytes;
		latency__add(&flow->layers[GUEST_QUEUE], &from->layers[HOST_QUEUE]);
		latency__add(&flow->layers[GUEST_DEVICE], &from->layers[HOST_DEVICE]);
	}
}
