// SPDX-License-Identifier: GPL-2.0-only
/* The disks that a VMM's options give to its guest. */
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "disks/disk_internal.h"
#include "host/dialect.h"

#define POSITIONS_MAX 64

/* Drivers of -device that are disks; a '*' at the end stands for what may follow. */
static const char *const disk_drivers[] = {
	"virtio-blk*", "scsi-hd",   "scsi-cd",	 "scsi-block", "scsi-generic",
	"ide-hd",      "ide-cd",    "nvme",	 "nvme-ns",    "usb-storage",
	"sd-card",     "ide-drive", "scsi-disk", "emmc",
};

/* The positions of drives on an interface, by which QEMU names those without an id. */
struct positions {
	const char *interface;
	unsigned int per_bus; /* 0: there are no buses */
	uint64_t used;
};

/* State of reading a command line. */
struct reading {
	struct disks *disks;
	const struct options *options;
	const char *interface; /* of a -drive that names none */
	struct positions positions[6];
};

static bool matches(const char *pattern, const char *text)
{
	size_t length = strlen(pattern) - 1;

	return pattern[length] == '*' ? !strncmp(pattern, text, length) : !strcmp(pattern, text);
}

static bool is_disk_driver(const char *driver)
{
	for (size_t i = 0; i < sizeof(disk_drivers) / sizeof(disk_drivers[0]); i++)
		if (matches(disk_drivers[i], driver))
			return true;
	return false;
}

static void copy_value(char *to, size_t size, const json_t *values, const char *key)
{
	const char *value = option__get(values, "", key);

	if (value && *value)
		copy_printable(to, size, value);
}

/* Only the root bus has a known number: firmware numbers the others. */
static void set_address(struct disk *disk, const json_t *device)
{
	const char *bus = option__get(device, "", "bus"), *text = option__get(device, "", "addr");
	unsigned int slot, function = 0;

	if (!text || (bus && strcmp(bus, "pci.0") != 0 && strcmp(bus, "pcie.0") != 0))
		return;
	if (sscanf(text, "%x.%x", &slot, &function) >= 1 && slot < 32 && function < 8)
		snprintf(disk->address, sizeof(disk->address), "00:%02x.%x", slot, function);
}

/* A disk behind a controller ("scsi0" of "scsi0.0") is at the controller's address. */
static const json_t *find_controller(const struct reading *reading, const json_t *device)
{
	const char *bus = option__get(device, "", "bus"), *dot;
	char id[DISK_NAME_SIZE];

	if (!bus)
		return NULL;
	dot = strrchr(bus, '.');
	snprintf(id, sizeof(id), "%.*s", dot ? (int)(dot - bus) : (int)sizeof(id), bus);
	return options__find(reading->options, OPTION_DEVICE, "id", id);
}

static void set_controller(struct disk *disk, const struct reading *reading, const json_t *device)
{
	const char *driver = option__get(device, "", "driver");
	const json_t *controller;

	if (!strncmp(driver, "virtio-blk", strlen("virtio-blk")) || !strcmp(driver, "nvme")) {
		set_address(disk, device);
		return;
	}
	controller = find_controller(reading, device);
	if (!controller)
		return;
	set_address(disk, controller);
	if (!disk->serial[0])
		copy_value(disk->serial, sizeof(disk->serial), controller, "serial");
}

static bool is_cdrom(const json_t *drive)
{
	const char *media = option__get(drive, "", "media");

	return media && !strcmp(media, "cdrom");
}

/*
 * What a device stands on: a -drive by its id, or a block node by its name. Returns false for a
 * drive without a medium.
 */
static bool set_drive(struct disk *disk, const struct options *options, const char *drive)
{
	json_t *values;

	copy_printable(disk->drive, sizeof(disk->drive), drive);
	values = options__find(options, OPTION_DRIVE, "id", drive);
	if (values) {
		copy_value(disk->serial, sizeof(disk->serial), values, "serial");
		return disk__from_node(disk, options, OPTION_DRIVE, values) || !is_cdrom(values);
	}
	values = options__find(options, OPTION_BLOCKDEV, "node-name", drive);
	if (values)
		disk__from_node(disk, options, OPTION_BLOCKDEV, values);
	return true;
}

/* Takes the next place and fills it, or counts a disk without a place. */
static void keep(struct reading *reading, const struct disk *disk)
{
	struct disk *place = disks__add(reading->disks);

	if (!place)
		return;
	*place = *disk;
	if (!place->name[0])
		snprintf(place->name, sizeof(place->name), "disk%zu", reading->disks->count - 1);
}

static void add_block_device(struct reading *reading, const json_t *device)
{
	const char *drive = option__get(device, "", "drive");
	struct disk disk = { 0 };

	if (!drive)
		return; /* a controller that has its disks elsewhere */
	if (!set_drive(&disk, reading->options, drive))
		return;
	copy_printable(disk.name, sizeof(disk.name), drive);
	copy_value(disk.name, sizeof(disk.name), device, "id");
	copy_value(disk.serial, sizeof(disk.serial), device, "serial");
	set_controller(&disk, reading, device);
	keep(reading, &disk);
}

static void add_vhost_device(struct reading *reading, const json_t *device, const char *driver)
{
	const char *chardev = option__get(device, "", "chardev");
	struct disk disk = { .backing = DISK_VHOST_USER };
	const json_t *socket = NULL;

	if (!strncmp(driver, "vhost-scsi", strlen("vhost-scsi"))) {
		disk.backing = DISK_VHOST_SCSI;
		copy_value(disk.path, sizeof(disk.path), device, "wwpn");
	}
	if (chardev)
		socket = options__find(reading->options, OPTION_CHARDEV, "id", chardev);
	if (socket)
		copy_value(disk.path, sizeof(disk.path), socket, "path");
	copy_value(disk.name, sizeof(disk.name), device, "id");
	set_address(&disk, device);
	keep(reading, &disk);
}

/* By a part of all driver names that count: most devices are not read at all. */
static bool may_be_disk(const struct option *device)
{
	static const char *const marks[] = { "virtio-blk",  "scsi",    "ide-", "nvme",
					     "usb-storage", "sd-card", "emmc", "vhost-" };
	bool may = !device->unread;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]) && !may; i++)
		may = option__may_hold(device, marks[i]);
	return may;
}

static void add_device(struct reading *reading, struct option *option)
{
	const json_t *device = may_be_disk(option) ? option__values(option) : NULL;
	const char *driver = option__get(device, "", "driver");

	if (!driver)
		return;
	if (matches("vhost-scsi*", driver) || matches("vhost-user-blk*", driver) ||
	    matches("vhost-user-scsi*", driver))
		add_vhost_device(reading, device, driver);
	else if (is_disk_driver(driver))
		add_block_device(reading, device);
}

static unsigned int number_of(const json_t *values, const char *key, unsigned int otherwise)
{
	const char *text = option__get(values, "", key);
	uint64_t number;

	return text && !parse_number(text, 0, UINT16_MAX, &number) ? (unsigned int)number
								   : otherwise;
}

/* Where a drive is on its interface; by default, at the first free place. */
static unsigned int take_position(struct positions *positions, const json_t *drive)
{
	unsigned int position = number_of(drive, "index", UINT16_MAX + 1);
	unsigned int bus = number_of(drive, "bus", 0);

	if (position > UINT16_MAX && option__get(drive, "", "unit"))
		position = bus * positions->per_bus + number_of(drive, "unit", 0);
	if (position > UINT16_MAX)
		for (position = bus * positions->per_bus;
		     position < POSITIONS_MAX && positions->used >> position & 1;)
			position++;
	if (position < POSITIONS_MAX)
		positions->used |= 1ULL << position;
	return position;
}

/* "virtio0", "ide0-hd1", "ide1-cd0": what QEMU calls a drive that has no id. */
static void name_drive(struct disk *disk, struct positions *positions, const json_t *drive)
{
	const char *kind = is_cdrom(drive) ? "cd" : "hd";
	unsigned int position = take_position(positions, drive);

	if (positions->per_bus)
		snprintf(disk->drive, sizeof(disk->drive), "%s%u-%s%u", positions->interface,
			 position / positions->per_bus, kind, position % positions->per_bus);
	else
		snprintf(disk->drive, sizeof(disk->drive), "%s%u", positions->interface, position);
	copy_value(disk->drive, sizeof(disk->drive), drive, "id");
	strcpy(disk->name, disk->drive);
}

/* A -drive is a disk, unless a -device uses it, or it is firmware or a floppy. */
static void add_drive(struct reading *reading, json_t *drive)
{
	const char *interface = option__get(drive, "", "if");
	struct disk disk = { 0 };

	if (!interface)
		interface = reading->interface;
	for (size_t i = 0; i < sizeof(reading->positions) / sizeof(reading->positions[0]); i++) {
		struct positions *positions = &reading->positions[i];

		if (strcmp(positions->interface, interface) != 0)
			continue;
		name_drive(&disk, positions, drive);
		copy_value(disk.serial, sizeof(disk.serial), drive, "serial");
		if (disk__from_node(&disk, reading->options, OPTION_DRIVE, drive))
			keep(reading, &disk);
		return;
	}
}

/* kvmtool leaves "scsi:WWPN" to the kernel; other names are files, whatever these contain. */
static void set_plain_file(struct disk *disk, unsigned int dialect, const char *path)
{
	static const char scsi[] = "scsi:";

	if (dialect == KVMTOOL && !strncmp(path, scsi, strlen(scsi))) {
		disk->backing = DISK_VHOST_SCSI;
		copy_printable(disk->path, sizeof(disk->path), path + strlen(scsi));
		return;
	}
	disk__set_file(disk, path);
}

/* cloud-hypervisor's, crosvm's and kvmtool's. They look into a file for its format. */
static void add_plain(struct reading *reading, const json_t *values)
{
	unsigned int dialect = reading->options->dialect;
	const char *path = option__get(values, "", "path");
	const char *socket = option__get(values, "", "socket");
	const char *type = option__get(values, "", "type");
	struct disk disk = { 0 };

	if (type && strcmp(type, "block") != 0)
		return; /* crosvm's --vhost-user of another kind */
	if (path && *path) {
		set_plain_file(&disk, dialect, path);
	} else if (socket) {
		disk.backing = DISK_VHOST_USER;
		copy_printable(disk.path, sizeof(disk.path), socket);
	} else {
		return;
	}
	if (dialect == CROSVM)
		copy_value(disk.serial, sizeof(disk.serial), values, "id");
	else
		copy_value(disk.name, sizeof(disk.name), values, "id");
	copy_value(disk.serial, sizeof(disk.serial), values, "serial");
	copy_value(disk.format, sizeof(disk.format), values, "image_type");
	disk.direct = option__is_on(values, "", "direct") || option__is_on(values, "", "o_direct");
	keep(reading, &disk);
}

/*
 * What depends on the kind of machine: the default interface of a drive, and whether a bus has two
 * drives.
 */
static void set_machine(struct reading *reading)
{
	const char *machine = "", *type;

	for (size_t i = 0; i < reading->options->count; i++) {
		if (reading->options->list[i].kind != OPTION_MACHINE)
			continue;
		type = option__get(reading->options->list[i].values, "", "type");
		machine = type ? type : machine;
	}
	reading->interface = matches("pseries*", machine)			      ? "scsi"
			     : matches("virt*", machine) || matches("s390*", machine) ? "virtio"
										      : "ide";
	reading->positions[0] = (struct positions){ .interface = "virtio" };
	reading->positions[1] = (struct positions){ .interface = "ide", .per_bus = 2 };
	reading->positions[2] = (struct positions){ .interface = "scsi", .per_bus = 7 };
	reading->positions[3] = (struct positions){ .interface = "sd" };
	reading->positions[4] = (struct positions){ .interface = "xen" };
	reading->positions[5] = (struct positions){ .interface = "usb" };
	if (strstr(machine, "q35"))
		reading->positions[1].per_bus = 1;
}

void disks__from_options(struct disks *disks, const struct options *options)
{
	struct reading reading = { .disks = disks, .options = options };

	disks__clear(disks);
	disks->refused = options->refused;
	set_machine(&reading);
	for (size_t i = 0; i < options->count; i++) {
		struct option *option = &options->list[i];

		if (option->kind == OPTION_DRIVE)
			add_drive(&reading, option->values);
		else if (option->kind == OPTION_DEVICE)
			add_device(&reading, option);
		else if (option->kind == OPTION_DISK)
			add_plain(&reading, option->values);
		disks->refused += !option->unread && !option->values;
	}
}

void disks__from_cmdline(struct disks *disks, const char *cmdline, size_t size)
{
	struct options options;

	disks__clear(disks);
	if (options__read(&options, cmdline, size)) {
		disks->refused = 1;
		return;
	}
	disks__from_options(disks, &options);
	options__free(&options);
}
