// SPDX-License-Identifier: GPL-2.0-only
/* What QEMU's monitor knows better of a VM's disks than its command line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collect/disk_internal.h"

#define LISTS_MAX 512 /* there are no more PCI buses than 256 */

static const char peripheral[] = "/machine/peripheral/";

/* A string below objects, "" where there is none. */
static const char *text_at(const json_t *object, const char *first, const char *second,
			   const char *third)
{
	const json_t *value = json_object_get(object, first);

	if (second)
		value = json_object_get(value, second);
	if (third)
		value = json_object_get(value, third);
	return json_is_string(value) ? json_string_value(value) : "";
}

/* The id in "/machine/peripheral/ID/virtio-backend", or a whole id; false: it has none. */
static bool device_id(char *id, size_t size, const char *qdev)
{
	if (!strncmp(qdev, peripheral, strlen(peripheral)))
		qdev += strlen(peripheral);
	if (!*qdev || *qdev == '/')
		return false;
	snprintf(id, size, "%.*s", (int)strcspn(qdev, "/"), qdev);
	return true;
}

static bool is_name(const char *name, const char *wanted)
{
	return *name && !strcmp(name, wanted);
}

/* QEMU's path may be as short as it was written; a path here is whole. */
static bool is_path(const char *path, const char *wanted)
{
	size_t length = strlen(path), wanted_length = strlen(wanted);

	if (!wanted_length || wanted_length > length)
		return false;
	if (strcmp(path + length - wanted_length, wanted) != 0)
		return false;
	return length == wanted_length ||
	       (*wanted != '/' && path[length - wanted_length - 1] == '/');
}

/* What query-block says of one drive, and who took it. */
struct answer {
	const char *qdev;
	const char *device;
	const char *node;
	const char *path;
	const char *format;
	bool direct;
	uint64_t size_bytes;
};

/* Returns whether it is a disk of the guest's that has something in it. */
static bool read_drive(struct answer *answer, const json_t *drive)
{
	const json_t *inserted = json_object_get(drive, "inserted");
	const json_t *image = json_object_get(inserted, "image");
	json_int_t size = json_integer_value(json_object_get(image, "virtual-size"));

	*answer = (struct answer){
		.qdev = text_at(drive, "qdev", NULL, NULL),
		.device = text_at(drive, "device", NULL, NULL),
		.node = text_at(inserted, "node-name", NULL, NULL),
		.path = text_at(image, "filename", NULL, NULL),
		.format = text_at(image, "format", NULL, NULL),
		.direct =
			json_is_true(json_object_get(json_object_get(inserted, "cache"), "direct")),
		.size_bytes = size > 0 ? (uint64_t)size : 0,
	};
	if (!*answer->path)
		answer->path = text_at(inserted, "file", NULL, NULL);
	/* Firmware is in a drive, too. */
	return json_is_object(inserted) && *answer->qdev && !strstr(answer->qdev, ".flash");
}

/* A disk of the command line by its names, or DISKS_MAX. */
static size_t find_by_name(const struct disks *disks, const bool *taken,
			   const struct answer *answer)
{
	char id[DISK_NAME_SIZE] = "";

	device_id(id, sizeof(id), answer->qdev);
	for (size_t i = 0; i < disks->count; i++) {
		const struct disk *disk = &disks->list[i];

		if (!taken[i] && disk->drive[0] &&
		    (is_name(id, disk->name) || is_name(answer->device, disk->drive) ||
		     is_name(answer->node, disk->drive)))
			return i;
	}
	return DISKS_MAX;
}

/* A disk that was found only because its file is open, or DISKS_MAX. */
static size_t find_by_path(const struct disks *disks, const bool *taken, const char *path)
{
	for (size_t i = 0; i < disks->count; i++)
		if (!taken[i] && !disks->list[i].drive[0] && disks->list[i].backing <= DISK_FILE &&
		    is_path(disks->list[i].path, path))
			return i;
	return DISKS_MAX;
}

static void set_names(struct disk *disk, const struct answer *answer)
{
	char id[DISK_NAME_SIZE];

	if (!disk->drive[0])
		copy_printable(disk->drive, sizeof(disk->drive),
			       *answer->device ? answer->device : answer->node);
	if (device_id(id, sizeof(id), answer->qdev))
		copy_printable(disk->name, sizeof(disk->name), id);
	else if (!disk->name[0])
		copy_printable(disk->name, sizeof(disk->name), disk->drive);
	if (*answer->qdev == '/')
		copy_printable(disk->qom_path, sizeof(disk->qom_path), answer->qdev);
	else
		snprintf(disk->qom_path, sizeof(disk->qom_path), "%s%s", peripheral, disk->name);
}

static void set_facts(struct disk *disk, const struct answer *answer)
{
	if (*answer->format)
		copy_printable(disk->format, sizeof(disk->format),
			       is_format(answer->format) ? answer->format : "raw");
	if (answer->size_bytes)
		disk->size_bytes = answer->size_bytes;
	if (!disk->dev)
		disk->direct = answer->direct;
}

/* A disk that QEMU alone has told of. */
static void add_new(struct disks *disks, bool *taken, const struct answer *answer)
{
	static const struct options no_options;
	struct disk *disk = disks__add(disks);

	if (!disk)
		return;
	taken[disks->count - 1] = true;
	disk__from_filename(disk, &no_options, answer->path);
	set_names(disk, answer);
	set_facts(disk, answer);
}

/* The file that is open now took the place of the one that the disk began with. */
static void move_file(struct disk *disk, const struct disk *file)
{
	strcpy(disk->path, file->path);
	disk->backing = file->backing;
	disk->dev = file->dev;
	disk->direct = file->direct;
}

static void merge_drive(struct disks *disks, bool *taken, const json_t *drive)
{
	struct answer answer;
	size_t index, file;
	struct disk *disk;

	if (!read_drive(&answer, drive))
		return;
	index = find_by_name(disks, taken, &answer);
	file = find_by_path(disks, taken, answer.path);
	if (index == DISKS_MAX && file == DISKS_MAX) {
		add_new(disks, taken, &answer);
		return;
	}
	if (index == DISKS_MAX) {
		index = file;
		disks->list[index].name[0] = '\0';
	} else if (file != DISKS_MAX) {
		move_file(&disks->list[index], &disks->list[file]);
	}
	disk = &disks->list[index];
	taken[index] = true;
	set_names(disk, &answer);
	set_facts(disk, &answer);
}

/* What QEMU does not list has been unplugged, or is a file that is no disk. */
static void drop_others(struct disks *disks, const bool *taken)
{
	for (size_t i = disks->count; i-- > 0;)
		if (!taken[i] && disks->list[i].backing != DISK_VHOST_USER &&
		    disks->list[i].backing != DISK_VHOST_SCSI)
			disks__remove(disks, i);
}

static void set_address(struct disk *disk, json_int_t bus, json_int_t slot, json_int_t function)
{
	if (bus >= 0 && bus < 256 && slot >= 0 && slot < 32 && function >= 0 && function < 8)
		snprintf(disk->address, sizeof(disk->address), "%02x:%02x.%x", (unsigned int)bus,
			 (unsigned int)slot, (unsigned int)function);
}

/* Lists of devices, those of a bus and those behind a bridge. */
struct lists {
	const json_t *list[LISTS_MAX];
	size_t count;
};

static void add_list(struct lists *lists, const json_t *in)
{
	const json_t *devices = json_object_get(in, "devices");

	if (json_is_array(devices) && lists->count < LISTS_MAX)
		lists->list[lists->count++] = devices;
}

/* Finds a device by its id; what is behind the bridges of a list comes later. */
static const json_t *find_pci(struct lists *lists, const char *id)
{
	const json_t *device;
	size_t index;

	for (size_t i = 0; i < lists->count; i++) {
		json_array_foreach(lists->list[i], index, device)
		{
			if (!strcmp(text_at(device, "qdev_id", NULL, NULL), id))
				return device;
			add_list(lists, json_object_get(device, "pci_bridge"));
		}
	}
	return NULL;
}

static bool set_address_by_id(struct disk *disk, const json_t *buses, const char *id)
{
	struct lists lists = { .count = 0 };
	const json_t *device;

	for (size_t i = 0; i < json_array_size(buses); i++)
		add_list(&lists, json_array_get(buses, i));
	device = find_pci(&lists, id);
	if (!device)
		return false;
	set_address(disk, json_integer_value(json_object_get(device, "bus")),
		    json_integer_value(json_object_get(device, "slot")),
		    json_integer_value(json_object_get(device, "function")));
	return true;
}

/* Returns a new reference, or NULL. */
static json_t *get_property(struct qmp *qmp, const char *path, const char *property)
{
	return qmp__execute(qmp, "qom-get",
			    json_pack("{s:s,s:s}", "path", path, "property", property));
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end);
}

/*
 * A device without an id is asked itself; only the root bus has a number that is known.
 * Returns whether it is a PCI device.
 */
static bool set_address_by_path(struct disk *disk, struct qmp *qmp, const char *path)
{
	json_t *addr = get_property(qmp, path, "addr");
	bool is_pci = json_is_integer(addr);
	json_t *bus = is_pci ? get_property(qmp, path, "parent_bus") : NULL;
	const char *name = json_is_string(bus) ? json_string_value(bus) : "";
	json_int_t devfn = json_integer_value(addr);

	if (devfn >= 0 && (ends_with(name, "/pci.0") || ends_with(name, "/pcie.0")))
		set_address(disk, 0, devfn / 8, devfn % 8);
	json_decref(addr);
	json_decref(bus);
	return is_pci;
}

/* Whether the device of a path, or of what is below that device, is a PCI device. */
static bool set_address_of(struct disk *disk, struct qmp *qmp, const json_t *buses,
			   const char *below)
{
	static const char anonymous[] = "/machine/peripheral-anon/";
	char id[DISK_NAME_SIZE], path[DISK_PATH_SIZE];

	if (device_id(id, sizeof(id), below))
		return set_address_by_id(disk, buses, id);
	if (strncmp(below, anonymous, strlen(anonymous)) != 0)
		return false;
	snprintf(path, sizeof(path), "%.*s",
		 (int)(strlen(anonymous) + strcspn(below + strlen(anonymous), "/")), below);
	return set_address_by_path(disk, qmp, path);
}

/* The PCI device of a disk is its own or, by what the disk is plugged into, its controller's. */
static void ask_address(struct disk *disk, struct qmp *qmp, const json_t *buses)
{
	json_t *bus;

	if (set_address_of(disk, qmp, buses, disk->qom_path))
		return;
	bus = get_property(qmp, disk->qom_path, "parent_bus");
	if (json_is_string(bus))
		set_address_of(disk, qmp, buses, json_string_value(bus));
	json_decref(bus);
}

/* vhost-user disks are not in query-block. */
static void set_vhost_paths(struct disks *disks, const json_t *devices)
{
	const json_t *device;
	size_t index;

	json_array_foreach(devices, index, device)
	{
		const char *path = text_at(device, "path", NULL, NULL);
		char id[DISK_NAME_SIZE];

		if (!device_id(id, sizeof(id), path))
			continue;
		for (size_t i = 0; i < disks->count; i++)
			if (!disks->list[i].qom_path[0] && !strcmp(disks->list[i].name, id))
				copy_printable(disks->list[i].qom_path,
					       sizeof(disks->list[i].qom_path), path);
	}
}

/* Asks what not every QEMU can tell. Returns 0 or -errno; *answer may be NULL. */
static int ask_more(struct qmp *qmp, const char *command, json_t **answer)
{
	*answer = qmp__execute(qmp, command, NULL);
	return *answer || errno == EOPNOTSUPP ? 0 : -errno;
}

static int ask_addresses(struct disks *disks, struct qmp *qmp)
{
	json_t *buses;
	int error = ask_more(qmp, "query-pci", &buses);

	for (size_t i = 0; buses && i < disks->count; i++)
		if (disks->list[i].qom_path[0])
			ask_address(&disks->list[i], qmp, buses);
	json_decref(buses);
	return error;
}

int disks__ask(struct disks *disks, struct qmp *qmp)
{
	json_t *drives = qmp__execute(qmp, "query-block", NULL), *devices;
	bool taken[DISKS_MAX] = { false };
	int error;

	if (!drives)
		return -errno;
	for (size_t i = 0; i < json_array_size(drives); i++)
		merge_drive(disks, taken, json_array_get(drives, i));
	json_decref(drives);
	drop_others(disks, taken);
	/* The monitor has answered: whether its files can be looked into is another matter. */
	disks__find_files(disks);
	error = ask_more(qmp, "x-query-virtio", &devices);
	set_vhost_paths(disks, devices);
	json_decref(devices);
	return error ? error : ask_addresses(disks, qmp);
}
