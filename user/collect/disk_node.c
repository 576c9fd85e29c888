// SPDX-License-Identifier: GPL-2.0-only
/* Where the bytes of a disk are, by the text of QEMU's block nodes and file names. */
#include <stdio.h>
#include <string.h>

#include "collect/disk_internal.h"

/* Of nodes on nodes, and of names within names: more is a circle. */
#define DEPTH_MAX 16

static const char *const formats[] = {
	"raw",	"qcow2", "qcow", "qed",	  "vmdk",      "vdi", "vpc",
	"vhdx", "luks",	 "dmg",	 "bochs", "parallels", NULL,
};

/* They pass on what another node says. */
static const char *const filters[] = {
	"throttle",	     "copy-on-read",	"compress",    "blkdebug", "preallocate",
	"copy-before-write", "snapshot-access", "replication", "quorum",   NULL,
};

static const char *const file_drivers[] = { "file", "host_device", "host_cdrom", "io_uring", NULL };

/* Of a URL's scheme, the part before "+unix" and the like. */
static const char *const network_drivers[] = {
	"nbd", "rbd", "iscsi", "nfs", "http", "https", "ftp", "ftps", "ssh", "gluster", NULL,
};

/* What names the far end, in the order of a URL. */
static const char *const network_keys[] = {
	"transport", "server.host", "server.port", "server.path", "server.0.host", "server.0.path",
	"host",	     "port",	    "pool",	   "namespace",	  "portal",	   "target",
	"volume",    "image",	    "export",	   "path",	  "lun",
};

static bool is_one_of(const char *const *list, const char *text, size_t length)
{
	for (; *list; list++)
		if (strlen(*list) == length && !memcmp(*list, text, length))
			return true;
	return false;
}

/* A walk from a disk's node down to its file. */
struct walk {
	struct disk *disk;
	const struct options *options;
	int depth;
	bool probes; /* QEMU looks into the file for its format */
};

static void walk_node(struct walk *walk, enum option_kind kind, const json_t *values,
		      const char *prefix);

static bool begins_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static void set_file(struct disk *disk, const char *path)
{
	copy_printable(disk->path, sizeof(disk->path), path);
	disk->backing = begins_with(path, "/dev/") && !begins_with(path, "/dev/shm/") &&
					!begins_with(path, "/dev/fdset/")
				? DISK_BLOCK
				: DISK_FILE;
}

static void walk_json(struct walk *walk, const char *text)
{
	json_t *values = options__from_json(text);

	walk->probes = false;
	if (values)
		walk_node(walk, OPTION_BLOCKDEV, values, "");
	json_decref(values);
}

/* QEMU takes what is before the first ':' for a protocol unless a '/' comes first. */
static void walk_filename(struct walk *walk, const char *name)
{
	size_t length = strcspn(name, ":/");

	if (!*name) {
		return; /* a drive with nothing in it */
	} else if (name[length] != ':') {
		set_file(walk->disk, name);
	} else if (begins_with(name, "json:")) {
		walk_json(walk, name + strlen("json:"));
	} else if (is_one_of(file_drivers, name, length)) {
		set_file(walk->disk, name + length + 1);
	} else {
		copy_printable(walk->disk->path, sizeof(walk->disk->path), name);
		if (is_one_of(network_drivers, name, strcspn(name, "+:")))
			walk->disk->backing = DISK_NETWORK;
	}
}

static void set_network(struct disk *disk, const json_t *values, const char *prefix,
			const char *driver)
{
	const char *name = option__get(values, prefix, "filename");
	char text[DISK_PATH_SIZE];
	size_t length;

	disk->backing = DISK_NETWORK;
	if (!name)
		name = option__get(values, prefix, "url");
	if (name) {
		copy_printable(disk->path, sizeof(disk->path), name);
		return;
	}
	length = (size_t)snprintf(text, sizeof(text), "%s", driver);
	for (size_t i = 0; i < sizeof(network_keys) / sizeof(network_keys[0]); i++) {
		const char *value = option__get(values, prefix, network_keys[i]);

		if (value && length < sizeof(text))
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%c%s",
						   length == strlen(driver) ? ':' : '/', value);
	}
	copy_printable(disk->path, sizeof(disk->path), text);
}

bool is_format(const char *driver)
{
	return is_one_of(formats, driver, strlen(driver));
}

/* The topmost node that is no filter gives the format; a file by itself is raw. */
static void set_format(struct walk *walk, const char *driver)
{
	struct disk *disk = walk->disk;

	if (!disk->format[0] && !walk->probes && !is_one_of(filters, driver, strlen(driver)))
		copy_printable(disk->format, sizeof(disk->format),
			       is_format(driver) ? driver : "raw");
}

static void walk_driver(struct walk *walk, const json_t *values, const char *prefix,
			const char *driver)
{
	set_format(walk, driver);
	if (is_one_of(network_drivers, driver, strlen(driver)))
		set_network(walk->disk, values, prefix, driver);
	else if (!strcmp(driver, "virtio-blk-vhost-user"))
		walk->disk->backing = DISK_VHOST_USER;
}

/* Goes on to what a node stands on: named, or described in place. */
static void walk_child(struct walk *walk, enum option_kind kind, const json_t *values,
		       const char *prefix)
{
	const char *file = option__get(values, prefix, "file");
	const json_t *node;
	char below[64];

	if (file && kind == OPTION_DRIVE) {
		walk_filename(walk, file);
	} else if (file) {
		node = options__find(walk->options, OPTION_BLOCKDEV, "node-name", file);
		if (node)
			walk_node(walk, OPTION_BLOCKDEV, node, "");
	} else if ((size_t)snprintf(below, sizeof(below), "%sfile.", prefix) < sizeof(below) &&
		   (option__get(values, below, "driver") ||
		    option__get(values, below, "filename"))) {
		walk_node(walk, OPTION_BLOCKDEV, values, below);
	}
}

static void walk_node(struct walk *walk, enum option_kind kind, const json_t *values,
		      const char *prefix)
{
	const char *driver = option__get(values, prefix, "driver");
	const char *cache = option__get(values, prefix, "cache");
	const char *name = option__get(values, prefix, "filename");

	if (++walk->depth > DEPTH_MAX)
		return;
	if (!driver && kind == OPTION_DRIVE)
		driver = option__get(values, prefix, "format");
	if (driver)
		walk_driver(walk, values, prefix, driver);
	else
		walk->probes = true;
	if (option__is_on(values, prefix, "cache.direct") ||
	    (cache && (!strcmp(cache, "none") || !strcmp(cache, "directsync"))))
		walk->disk->direct = true;
	if (name && driver && is_one_of(file_drivers, driver, strlen(driver)))
		set_file(walk->disk, name);
	else if (name && walk->disk->backing == DISK_UNKNOWN)
		walk_filename(walk, name);
	else
		walk_child(walk, kind, values, prefix);
	if (driver && !strcmp(driver, "host_device"))
		walk->disk->backing = DISK_BLOCK;
}

void disk__from_node(struct disk *disk, const struct options *options, enum option_kind kind,
		     const json_t *values)
{
	struct walk walk = { .disk = disk, .options = options };

	walk_node(&walk, kind, values, "");
}

void disk__from_filename(struct disk *disk, const struct options *options, const char *filename)
{
	struct walk walk = { .disk = disk, .options = options };

	walk_filename(&walk, filename);
}
