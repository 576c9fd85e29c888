// SPDX-License-Identifier: GPL-2.0-only
/* What QEMU's monitor knows of a VM's disks beyond the command line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "disks/disk_graph.h"
#include "disks/disk_internal.h"

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

/* What query-block says of one drive, and who took it. */
struct answer {
	const char *qdev;
	const char *device;
	const char *node;
	bool read_only;
	uint64_t size_bytes;
	struct disk_source source;
};

/* State while the answers of a monitor are read. */
struct asking {
	struct disks *disks;
	struct qmp *qmp;
	struct disk_graph graph;
	json_t *sets; /* answer to query-fdsets, once it is asked for; NULL: not told */
	bool no_qdev; /* QEMU before 2.10 does not tell which device has a drive */
	bool old;     /* and it is known to be one */
	bool sets_asked;
	bool taken[DISKS_MAX];
	struct disk_file files[DISKS_MAX];
};

/* Returns whether it is a drive with a medium. */
static bool read_drive(struct answer *answer, const struct disk_graph *graph, const json_t *drive)
{
	const json_t *inserted = json_object_get(drive, "inserted");
	const json_t *image = json_object_get(inserted, "image");
	json_int_t size = json_integer_value(json_object_get(image, "virtual-size"));

	*answer = (struct answer){
		.qdev = text_at(drive, "qdev", NULL, NULL),
		.device = text_at(drive, "device", NULL, NULL),
		.node = text_at(inserted, "node-name", NULL, NULL),
		.read_only = json_is_true(json_object_get(inserted, "ro")),
		.size_bytes = size > 0 ? (uint64_t)size : 0,
	};
	disk_graph__follow(graph, inserted, &answer->source);
	return json_is_object(inserted);
}

/* Firmware and floppies are drives, too; in QEMU before 2.10 only the name tells them apart. */
static bool is_old_disk(const char *device)
{
	static const char *const others[] = { "pflash", "floppy", "mtd", "sd" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strncmp(device, others[i], strlen(others[i])))
			return false;
	return *device;
}

/* Whether it is a disk of the guest; if it is known, one of the command line. */
static bool is_disk(const struct asking *asking, const struct answer *answer, bool known)
{
	if (*answer->qdev)
		return !strstr(answer->qdev, ".flash");
	return asking->no_qdev && (known || (asking->old && is_old_disk(answer->device)));
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

static void set_names(struct disk *disk, const struct answer *answer)
{
	char id[DISK_NAME_SIZE], path[DISK_PATH_SIZE];

	if (!disk->drive[0])
		copy_printable(disk->drive, sizeof(disk->drive),
			       *answer->device ? answer->device : answer->node);
	if (device_id(id, sizeof(id), answer->qdev))
		copy_printable(disk->name, sizeof(disk->name), id);
	else if (!disk->name[0])
		copy_printable(disk->name, sizeof(disk->name), disk->drive);
	snprintf(path, sizeof(path), "%s%s", peripheral, disk->name);
	if (*answer->qdev == '/')
		copy_printable(disk->qom_path, sizeof(disk->qom_path), answer->qdev);
	else
		copy_printable(disk->qom_path, sizeof(disk->qom_path), path);
}

/* What a set of fds holds, "N" of "/dev/fdset/N"; or NULL. */
static const json_t *find_set(struct asking *asking, const char *number)
{
	const json_t *set;
	size_t i;

	if (!asking->sets_asked)
		asking->sets = qmp__execute(asking->qmp, "query-fdsets", NULL);
	asking->sets_asked = true;
	json_array_foreach(asking->sets, i, set)
	{
		json_int_t id = json_integer_value(json_object_get(set, "fdset-id"));
		char text[32];

		snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, id);
		if (!strcmp(text, number))
			return json_object_get(set, "fds");
	}
	return NULL;
}

static void set_file(struct disk *disk, const struct disk_source *source)
{
	static const struct options none;
	enum node_kind kind = disk_node_kind(source->driver);

	if (kind == NODE_FILE && strncmp(source->file, "json:", strlen("json:")) != 0)
		disk__set_file(disk, source->file);
	else
		disk__from_filename(disk, &none, source->file);
	if (kind == NODE_NETWORK)
		disk->backing = DISK_NETWORK;
	else if (!strcmp(source->driver, "virtio-blk-vhost-user"))
		disk->backing = DISK_VHOST_USER;
}

/* What the monitor says counts, whatever was known before. */
static void set_facts(struct asking *asking, size_t index, const struct answer *answer)
{
	static const char fdset[] = "/dev/fdset/";
	struct disk *disk = &asking->disks->list[index];
	const struct disk_source *source = &answer->source;
	struct disk_file *file = &asking->files[index];

	disk->format[0] = disk->path[0] = '\0';
	disk->backing = DISK_UNKNOWN;
	disk->dev = 0;
	disk->no_device = false;
	disk->size_bytes = answer->size_bytes;
	set_file(disk, source);
	disk->direct = source->direct;
	if (*source->format)
		copy_printable(disk->format, sizeof(disk->format), source->format);
	*file = (struct disk_file){ .read_only = answer->read_only };
	if (strlen(disk->path) < strlen(source->file) &&
	    !strncmp(disk->path, source->file, strlen(disk->path)))
		file->name = source->file;
	if (!strncmp(disk->path, fdset, strlen(fdset)))
		file->fds = find_set(asking, disk->path + strlen(fdset));
}

static void merge_drive(struct asking *asking, const json_t *drive)
{
	struct disks *disks = asking->disks;
	struct answer answer;
	size_t index;

	if (!read_drive(&answer, &asking->graph, drive))
		return;
	index = find_by_name(disks, asking->taken, &answer);
	if (!is_disk(asking, &answer, index != DISKS_MAX))
		return;
	if (index == DISKS_MAX) {
		if (!disks__add(disks))
			return;
		index = disks->count - 1;
	}
	asking->taken[index] = true;
	set_names(&disks->list[index], &answer);
	set_facts(asking, index, &answer);
}

/* What QEMU does not list has been unplugged, or is a file that is no disk. */
static void drop_others(struct asking *asking)
{
	struct disks *disks = asking->disks;

	for (size_t i = disks->count; i-- > 0;) {
		if (asking->taken[i] || disks->list[i].backing == DISK_VHOST_USER ||
		    disks->list[i].backing == DISK_VHOST_SCSI)
			continue;
		disks__remove(disks, i);
		memmove(&asking->files[i], &asking->files[i + 1],
			(disks->count - i) * sizeof(asking->files[0]));
	}
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

/* Finds a device by its id; devices behind the bridges of a list come later. */
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
 * Asks a device without an id by its path; only the root bus has a known number. Returns whether it
 * is a PCI device.
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

/* Whether the device of a path, or one above what is plugged in there, is a PCI device. */
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

/* The PCI device of a disk is the disk itself, or the controller that it is plugged into. */
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

/* Asks for what not every QEMU can tell. Returns 0 or -errno; *answer may be NULL. */
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

static bool has_no_qdev(const json_t *drives)
{
	const json_t *drive;
	size_t i;

	json_array_foreach(drives, i, drive) if (json_object_get(drive, "qdev")) return false;
	return true;
}

static int merge_drives(struct disks *disks, struct qmp *qmp, const json_t *drives)
{
	unsigned int version = qmp__version(qmp);
	struct asking asking = { .disks = disks, .qmp = qmp, .no_qdev = has_no_qdev(drives) };
	int error = disk_graph__ask(&asking.graph, qmp);
	const json_t *drive;
	size_t i;

	if (error)
		return error;
	asking.old = version && version < QMP_VERSION(2, 10);
	json_array_foreach(drives, i, drive)
	{
		merge_drive(&asking, drive);
	}
	drop_others(&asking);
	/* The monitor has answered; that its files may not be readable is another matter. */
	disks__find_files(disks, asking.files);
	json_decref(asking.sets);
	disk_graph__free(&asking.graph);
	return 0;
}

int disks__ask(struct disks *disks, struct qmp *qmp)
{
	json_t *drives = qmp__execute(qmp, "query-block", NULL), *devices;
	int error;

	if (!drives)
		return -errno;
	error = merge_drives(disks, qmp, drives);
	json_decref(drives);
	if (error)
		return error;
	error = ask_more(qmp, "x-query-virtio", &devices);
	set_vhost_paths(disks, devices);
	json_decref(devices);
	return error ? error : ask_addresses(disks, qmp);
}
