/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's block devices, and which stand on which, from sysfs. */
#ifndef KVMQ_DEVICE_H
#define KVMQ_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/io_view.h"

#define DEVICE_SLAVES_MAX 32
#define DEVICE_LEAVES_MAX 64 /* of one device; no more are looked at */

struct device {
	uint32_t dev; /* of the whole disk (IO_DEV) */
	char name[DEVICE_NAME_SIZE];
	char scheduler[SCHEDULER_SIZE]; /* the one in use: "none", "mq-deadline"; empty: has none */
	char stacked_on[DEVICE_NAME_SIZE * 4]; /* "sda sdb", for people; empty: a leaf */
	uint32_t slaves[DEVICE_SLAVES_MAX];    /* dev of what it stands on, whole disks */
	bool has_part[DEVICE_SLAVES_MAX]; /* the slave is a partition or a file, not the whole */
	size_t slave_count;
	bool bio_based; /* takes bios, makes no requests itself (dm, md): not counted */
	uint64_t size_bytes;
	uint32_t queue_depth; /* nr_requests; 0: not known */
	char loop_file[256];  /* the file behind a loop device; empty: none */
};

struct devices;

/*
 * An empty list. sys is the folder to read from ("/sys"), borrowed. Returns it, or NULL when
 * memory is short; free with devices__free().
 */
struct devices *devices__new(const char *sys);
void devices__free(struct devices *devices);

/*
 * Reads all of SYS/block anew. A loop device stands on the device of its file's file system.
 * Returns 0 or -errno.
 */
int devices__read(struct devices *devices);

size_t devices__count(const struct devices *devices);
const struct device *devices__at(const struct devices *devices, size_t index);

/* By dev of the whole disk or of a partition of it, or NULL. */
const struct device *devices__find(const struct devices *devices, uint32_t dev);

/*
 * The leaves that a device (or partition) stands on; itself, if it is one. Writes at most max of
 * them. Returns how many there are; 0: it is not known.
 */
size_t devices__leaves(const struct devices *devices, uint32_t dev, const struct device **leaves,
		       size_t max);

#endif
