// SPDX-License-Identifier: GPL-2.0-only
#include "disks/rings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDX_OFFSET 2	     /* of idx in both rings, behind the flags */
#define SCSI_QUEUE_FIRST 2   /* queues 0 and 1 carry control requests and events */
#define QUEUE_SIZE_MAX 32768 /* by the specification */
#define QUEUES_MAX 1024	     /* of a device, in QEMU */

/* One virtio device, while its queues are read. */
struct device_queues {
	struct qmp *qmp;
	const char *path;
	uint32_t disk;
	uint32_t first;
};

static const char *string_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static uint64_t number_of(const json_t *object, const char *key)
{
	/* The guest chose the number, and may use all 64 bits. */
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static bool is_below(const char *path, const char *parent)
{
	size_t length = strlen(parent);

	return *parent && !strncmp(path, parent, length) && (path[length] == '/' || !path[length]);
}

/* Where QEMU has a byte of guest memory; 0: there is no memory. */
static uint64_t host_address(struct qmp *qmp, uint64_t guest_address)
{
	static const char before[] = ") is 0x";
	char command[64];
	json_t *answer;
	const char *text, *place = NULL;
	uint64_t address = 0;

	snprintf(command, sizeof(command), "gpa2hva 0x%" PRIx64, guest_address);
	answer = qmp__execute(qmp, "human-monitor-command",
			      json_pack("{s:s}", "command-line", command));
	text = json_string_value(answer);
	if (text)
		place = strstr(text, before);
	if (place)
		address = strtoull(place + strlen(before), NULL, 16);
	json_decref(answer);
	return address;
}

/* Whether the guest's driver uses a feature, by its name or by its bit. */
static bool has_feature(const json_t *status, const char *name, unsigned int bit)
{
	const json_t *features = json_object_get(status, "guest-features"), *feature;
	size_t index;

	json_array_foreach(json_object_get(features, "transports"), index, feature)
	{
		const char *text = json_string_value(feature);

		if (text && !strncmp(text, name, strlen(name)) && text[strlen(name)] == ':')
			return true;
	}
	return number_of(features, "unknown-dev-features") >> bit & 1;
}

/*
 * Whether its queues are split rings at addresses of guest memory: not packed, not behind an IOMMU,
 * and in this host's byte order.
 */
static bool is_readable(const json_t *status)
{
	return !has_feature(status, "VIRTIO_F_RING_PACKED", 34) &&
	       !has_feature(status, "VIRTIO_F_IOMMU_PLATFORM", 33) &&
	       !strcmp(string_of(status, "device-endian"),
		       __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "little" : "big");
}

/* Returns whether the queue is in use, and where it can be read. */
static bool read_queue(struct ring *ring, struct qmp *qmp, const json_t *status)
{
	uint64_t size = number_of(status, "vring-num");
	uint64_t avail = number_of(status, "vring-avail"), used = number_of(status, "vring-used");

	if (!number_of(status, "vring-desc") || !avail || !used || !size || size > QUEUE_SIZE_MAX)
		return false;
	ring->size = (uint32_t)size;
	ring->avail = host_address(qmp, avail + IDX_OFFSET);
	ring->used = host_address(qmp, used + IDX_OFFSET);
	return ring->avail && ring->used;
}

/*
 * Returns 0 or -errno; a queue that QEMU does not have ends the list. If not all rings of a disk
 * fit, none is used: a part of its requests would look like all.
 */
static int read_queues(struct ring rings[RINGS_MAX], int *count, const struct device_queues *queues)
{
	int begin = *count;

	for (uint32_t queue = queues->first; queue < QUEUES_MAX; queue++) {
		struct ring ring = { .disk = queues->disk, .queue = queue };
		json_t *status = qmp__execute(
			queues->qmp, "x-query-virtio-queue-status",
			json_pack("{s:s,s:i}", "path", queues->path, "queue", (int)queue));
		bool in_use;

		if (!status)
			return errno == EOPNOTSUPP ? 0 : -errno;
		in_use = read_queue(&ring, queues->qmp, status);
		json_decref(status);
		if (!in_use)
			continue;
		if (*count == RINGS_MAX) {
			*count = begin;
			return 0;
		}
		rings[(*count)++] = ring;
	}
	return 0;
}

static int read_device(struct ring rings[RINGS_MAX], int *count, const struct device_queues *queues)
{
	json_t *status = qmp__execute(queues->qmp, "x-query-virtio-status",
				      json_pack("{s:s}", "path", queues->path));
	int error = 0;

	if (!status)
		return errno == EOPNOTSUPP ? 0 : -errno;
	if (is_readable(status))
		error = read_queues(rings, count, queues);
	json_decref(status);
	return error;
}

/* The virtio device of each disk: its own, or the controller that it is plugged into. */
static int find_owners(char *owners[DISKS_MAX], const struct disks *disks, struct qmp *qmp)
{
	for (size_t i = 0; i < disks->count; i++) {
		const char *path = disks->list[i].qom_path;
		json_t *bus;

		if (!*path)
			continue;
		if (strstr(path, "/virtio-backend")) {
			owners[i] = strdup(path);
			continue;
		}
		bus = qmp__execute(qmp, "qom-get",
				   json_pack("{s:s,s:s}", "path", path, "property", "parent_bus"));
		if (!bus && errno != EOPNOTSUPP)
			return -errno;
		if (json_is_string(bus))
			owners[i] = strdup(json_string_value(bus));
		json_decref(bus);
	}
	return 0;
}

/*
 * The one disk that a virtio device serves, or DISKS_MAX: a ring that disks share tells nothing
 * about either.
 */
static size_t find_disk(char *const owners[DISKS_MAX], const char *path)
{
	size_t found = DISKS_MAX;

	for (size_t i = 0; i < DISKS_MAX; i++) {
		if (!owners[i] || !is_below(owners[i], path))
			continue;
		if (found != DISKS_MAX)
			return DISKS_MAX;
		found = i;
	}
	return found;
}

static int read_devices(struct ring rings[RINGS_MAX], int *count, const struct disks *disks,
			char *const owners[DISKS_MAX], struct qmp *qmp, const json_t *devices)
{
	bool asked[DISKS_MAX] = { false };
	const json_t *device;
	size_t index;
	int error;

	json_array_foreach(devices, index, device)
	{
		const char *name = string_of(device, "name"), *path = string_of(device, "path");
		size_t disk = find_disk(owners, path);
		struct device_queues queues = { .qmp = qmp, .path = path };

		if (disk == DISKS_MAX || asked[disk])
			continue;
		asked[disk] = true;
		queues.disk = disks->list[disk].id;
		if (strstr(name, "scsi"))
			queues.first = SCSI_QUEUE_FIRST;
		error = read_device(rings, count, &queues);
		if (error)
			return error;
	}
	return 0;
}

int rings__ask(struct ring rings[RINGS_MAX], const struct disks *disks, struct qmp *qmp)
{
	json_t *devices = qmp__execute(qmp, "x-query-virtio", NULL);
	char *owners[DISKS_MAX] = { NULL };
	int count = 0, error;

	if (!devices)
		return -errno;
	error = find_owners(owners, disks, qmp);
	if (!error)
		error = read_devices(rings, &count, disks, owners, qmp, devices);
	for (size_t i = 0; i < DISKS_MAX; i++)
		free(owners[i]);
	json_decref(devices);
	return error ? error : count;
}
