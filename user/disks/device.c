// SPDX-License-Identifier: GPL-2.0-only
#include "disks/device.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "host/proc.h"
#include "model/io.h"

#define SECTOR_SIZE 512
#define WALK_MAX 256 /* devices below one */

struct entry {
	struct device device;
	bool slaves_unknown; /* some of what it stands on is not known */
};

/* A whole disk or a partition. */
struct number {
	uint32_t dev;
	char name[DEVICE_NAME_SIZE];
	uint32_t whole; /* dev of its whole disk */
};

struct devices {
	const char *sys;
	struct entry *list; /* by dev */
	size_t count;
	struct number *numbers; /* by dev */
	size_t number_count;
};

struct devices *devices__new(const char *sys)
{
	struct devices *devices = calloc(1, sizeof(*devices));

	if (devices)
		devices->sys = sys;
	return devices;
}

static void clear(struct devices *devices)
{
	free(devices->list);
	free(devices->numbers);
	devices->list = NULL;
	devices->numbers = NULL;
	devices->count = devices->number_count = 0;
}

void devices__free(struct devices *devices)
{
	if (!devices)
		return;
	clear(devices);
	free(devices);
}

static void copy(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%.*s", (int)size - 1, text);
}

/* Room for one more; sizes are powers of two. */
static void *grow(void *list, size_t count, size_t size)
{
	return count & (count - 1) ? list : reallocarray(list, count ? count * 2 : 1, size);
}

static bool read_dev(const char *sys, const char *folder, const char *name, uint32_t *dev)
{
	unsigned int major_number, minor_number;
	char text[32];

	if (read_file(text, sizeof(text), "%s/block/%s/%s/dev", sys, folder, name) <= 0 ||
	    sscanf(text, "%u:%u", &major_number, &minor_number) != 2)
		return false;
	*dev = IO_DEV(major_number, minor_number);
	return true;
}

static int add_number(struct devices *devices, uint32_t dev, const char *name, uint32_t whole)
{
	void *list = grow(devices->numbers, devices->number_count, sizeof(*devices->numbers));
	struct number *number;

	if (!list)
		return -ENOMEM;
	devices->numbers = list;
	number = &devices->numbers[devices->number_count++];
	*number = (struct number){ .dev = dev, .whole = whole };
	copy(number->name, sizeof(number->name), name);
	return 0;
}

/* Its partitions are folders whose name begins with its own. */
static int add_partitions(struct devices *devices, const char *name, uint32_t whole)
{
	char path[PATH_MAX];
	struct dirent *entry;
	uint32_t dev;
	int error = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/block/%s", devices->sys, name);
	folder = opendir(path);
	if (!folder)
		return errno == ENOMEM ? -ENOMEM : 0; /* it has just gone */
	while (!error && (entry = readdir(folder)))
		if (!strncmp(entry->d_name, name, strlen(name)) &&
		    read_dev(devices->sys, name, entry->d_name, &dev))
			error = add_number(devices, dev, entry->d_name, whole);
	closedir(folder);
	return error;
}

static uint64_t read_count(const struct devices *devices, const char *name, const char *file)
{
	char text[32];

	if (read_file(text, sizeof(text), "%s/block/%s/%s", devices->sys, name, file) <= 0)
		return 0;
	return strtoull(text, NULL, 10);
}

static bool has_file(const struct devices *devices, const char *name, const char *file)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/block/%s/%s", devices->sys, name, file);
	return !access(path, F_OK);
}

/* "none [mq-deadline] kyber": the one in brackets. */
static void read_scheduler(const struct devices *devices, struct device *device)
{
	char text[256], *begin;

	if (read_file(text, sizeof(text), "%s/block/%s/queue/scheduler", devices->sys,
		      device->name) <= 0)
		return;
	begin = strchr(text, '[');
	begin = begin ? begin + 1 : text;
	snprintf(device->scheduler, sizeof(device->scheduler), "%.*s", (int)strcspn(begin, "] \n"),
		 begin);
}

static void add_name(char *text, size_t size, const char *name)
{
	size_t length = strlen(text);

	if (length && length < size - 1)
		text[length++] = ' ';
	copy(text + length, size - length, name);
}

static int add_device(struct devices *devices, const char *name, uint32_t dev)
{
	void *list = grow(devices->list, devices->count, sizeof(*devices->list));
	struct device *device;
	int error;

	if (!list)
		return -ENOMEM;
	devices->list = list;
	devices->list[devices->count] = (struct entry){ 0 };
	device = &devices->list[devices->count++].device;
	device->dev = dev;
	copy(device->name, sizeof(device->name), name);
	/* Hardware contexts are blk-mq's, and since 5.0 nothing else makes requests. */
	device->bio_based = !has_file(devices, name, "mq");
	if (!device->bio_based) {
		read_scheduler(devices, device);
		device->queue_depth = (uint32_t)read_count(devices, name, "queue/nr_requests");
	}
	device->size_bytes = read_count(devices, name, "size") * SECTOR_SIZE;
	error = add_number(devices, dev, name, dev);
	return error ? error : add_partitions(devices, name, dev);
}

static const struct number *find_name(const struct devices *devices, const char *name)
{
	for (size_t i = 0; i < devices->number_count; i++)
		if (!strcmp(devices->numbers[i].name, name))
			return &devices->numbers[i];
	return NULL;
}

static void add_slave(struct entry *entry, uint32_t dev, bool part)
{
	struct device *device = &entry->device;

	for (size_t i = 0; i < device->slave_count; i++)
		if (device->slaves[i] == dev)
			return;
	if (device->slave_count < DEVICE_SLAVES_MAX) {
		device->has_part[device->slave_count] = part;
		device->slaves[device->slave_count++] = dev;
	} else {
		entry->slaves_unknown = true;
	}
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void read_slaves(const struct devices *devices, struct entry *entry)
{
	struct device *device = &entry->device;
	struct dirent **names;
	char path[PATH_MAX];
	int count;

	snprintf(path, sizeof(path), "%s/block/%s/slaves", devices->sys, device->name);
	count = scandir(path, &names, is_visible, versionsort);
	for (int i = 0; i < count; i++) {
		const struct number *slave = find_name(devices, names[i]->d_name);

		add_name(device->stacked_on, sizeof(device->stacked_on), names[i]->d_name);
		if (slave)
			add_slave(entry, slave->whole, slave->dev != slave->whole);
		else
			entry->slaves_unknown = true;
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

/* Such a file has no device below it: the loop device is the end. */
static bool is_in_memory(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

static void read_loop(const struct devices *devices, struct entry *entry)
{
	struct device *device = &entry->device;
	const struct device *below;
	char path[PATH_MAX];
	struct stat stat_of;
	uint32_t number;
	ssize_t got = read_file(path, sizeof(path), "%s/block/%s/loop/backing_file", devices->sys,
				device->name);

	if (got <= 1)
		return;
	path[strcspn(path, "\n")] = '\0';
	copy(device->loop_file, sizeof(device->loop_file), path);
	if (stat(path, &stat_of)) {
		entry->slaves_unknown = true;
		return;
	}
	if (is_in_memory(path))
		return;
	/* A loop device may have a block device as its file. */
	if (S_ISBLK(stat_of.st_mode))
		stat_of.st_dev = stat_of.st_rdev;
	number = IO_DEV(major(stat_of.st_dev), minor(stat_of.st_dev));
	below = devices__find(devices, number);
	if (below) {
		add_slave(entry, below->dev, !S_ISBLK(stat_of.st_mode) || number != below->dev);
		add_name(device->stacked_on, sizeof(device->stacked_on), below->name);
	} else {
		entry->slaves_unknown = true;
	}
}

/*
 * A path of a multipath NVMe namespace is hidden: "nvme0c1n1" of "nvme0n1". It makes the
 * requests, and sysfs does not tell its number.
 */
static void add_hidden_path(struct devices *devices, const char *name)
{
	char head[DEVICE_NAME_SIZE];
	unsigned int subsystem, path, space;

	if (sscanf(name, "nvme%uc%un%u", &subsystem, &path, &space) != 3)
		return;
	snprintf(head, sizeof(head), "nvme%un%u", subsystem, space);
	for (size_t i = 0; i < devices->count; i++) {
		struct entry *entry = &devices->list[i];

		if (strcmp(entry->device.name, head) != 0)
			continue;
		add_name(entry->device.stacked_on, sizeof(entry->device.stacked_on), name);
		entry->slaves_unknown = true;
	}
}

static int by_dev(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->device.dev > y->device.dev) - (x->device.dev < y->device.dev);
}

static int by_number(const void *a, const void *b)
{
	const struct number *x = a, *y = b;

	return (x->dev > y->dev) - (x->dev < y->dev);
}

static int read_all(struct devices *devices, struct dirent **names, int count)
{
	int error = 0;
	uint32_t dev;

	for (int i = 0; i < count && !error; i++)
		if (read_dev(devices->sys, names[i]->d_name, "", &dev))
			error = add_device(devices, names[i]->d_name, dev);
	if (error || !devices->count)
		return error;
	qsort(devices->list, devices->count, sizeof(*devices->list), by_dev);
	qsort(devices->numbers, devices->number_count, sizeof(*devices->numbers), by_number);
	for (size_t i = 0; i < devices->count; i++) {
		read_slaves(devices, &devices->list[i]);
		read_loop(devices, &devices->list[i]);
	}
	for (int i = 0; i < count; i++)
		add_hidden_path(devices, names[i]->d_name);
	return 0;
}

int devices__read(struct devices *devices)
{
	struct dirent **names;
	char path[PATH_MAX];
	int count, error;

	clear(devices);
	snprintf(path, sizeof(path), "%s/block", devices->sys);
	count = scandir(path, &names, is_visible, versionsort);
	if (count < 0)
		return -errno;
	error = read_all(devices, names, count);
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	if (error)
		clear(devices);
	return error;
}

size_t devices__count(const struct devices *devices)
{
	return devices->count;
}

const struct device *devices__at(const struct devices *devices, size_t index)
{
	return &devices->list[index].device;
}

static const struct entry *find_entry(const struct devices *devices, uint32_t dev)
{
	const struct number key = { .dev = dev };
	const struct number *number;
	struct entry whole = { 0 };

	if (!devices->count)
		return NULL;
	number = bsearch(&key, devices->numbers, devices->number_count, sizeof(key), by_number);
	if (!number)
		return NULL;
	whole.device.dev = number->whole;
	return bsearch(&whole, devices->list, devices->count, sizeof(whole), by_dev);
}

const struct device *devices__find(const struct devices *devices, uint32_t dev)
{
	const struct entry *entry = find_entry(devices, dev);

	return entry ? &entry->device : NULL;
}

/* The devices that a walk down has reached, each once. */
struct walk {
	uint32_t devs[WALK_MAX];
	size_t count;
};

/* Returns whether there was room. */
static bool come_to(struct walk *walk, uint32_t dev)
{
	for (size_t i = 0; i < walk->count; i++)
		if (walk->devs[i] == dev)
			return true;
	if (walk->count == WALK_MAX)
		return false;
	walk->devs[walk->count++] = dev;
	return true;
}

size_t devices__leaves(const struct devices *devices, uint32_t dev, const struct device **leaves,
		       size_t max)
{
	const struct device *first = devices__find(devices, dev);
	struct walk walk = { .count = 0 };
	size_t count = 0;

	if (first)
		come_to(&walk, first->dev);
	for (size_t i = 0; i < walk.count; i++) {
		const struct entry *entry = find_entry(devices, walk.devs[i]);

		if (!entry || entry->slaves_unknown)
			return 0;
		for (size_t j = 0; j < entry->device.slave_count; j++)
			if (!come_to(&walk, entry->device.slaves[j]))
				return 0;
		if (entry->device.slave_count)
			continue;
		if (count < max)
			leaves[count] = &entry->device;
		count++;
	}
	return count;
}
