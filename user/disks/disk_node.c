// SPDX-License-Identifier: GPL-2.0-only
/* Where the bytes of a disk are, from the text of QEMU's block nodes and file names. */
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "disks/disk_internal.h"

/* For nodes on nodes, and names within names: a longer chain is a circle. */
#define DEPTH_MAX 16

static const char *const formats[] = {
	"raw",	"qcow2", "qcow", "qed",	  "vmdk",      "vdi", "vpc",
	"vhdx", "luks",	 "dmg",	 "bochs", "parallels", NULL,
};

/* They pass on what another node says. */
static const char *const filters[] = {
	"throttle",	   "copy-on-read", "compress",
	"blkdebug",	   "preallocate",  "copy-before-write",
	"snapshot-access", "mirror_top",   "commit_top",
	"backup-top",	   NULL,
};

static const char *const file_drivers[] = { "file", "host_device", "host_cdrom", "io_uring", NULL };

/* The data is raw, but it is in no file of this host. */
static const char *const other_drivers[] = {
	"nvme",
	"nvme-io_uring",
	"virtio-blk-vfio-pci",
	"virtio-blk-vhost-user",
	"virtio-blk-vhost-vdpa",
	"null-co",
	"null-aio",
	NULL,
};

/* Of a URL's scheme, the part before "+unix" and the like. */
static const char *const network_drivers[] = {
	"nbd", "rbd", "iscsi", "nfs", "http", "https", "ftp", "ftps", "ssh", "gluster", NULL,
};

/* The keys that name the far end, in the order of a URL. */
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
	bool probes;	 /* QEMU looks into the file for its format */
	bool found;	 /* there is something in the drive */
	bool has_format; /* the node above is a format: what is below is a file */
	bool ends;	 /* at a node whose data are the bytes as they are stored */
	/* The next node: these values, after this prefix. */
	enum option_kind kind;
	json_t *values; /* a reference; NULL: it is the end */
	char prefix[64];
};

/* Goes on to a node; the walk takes over the reference to its values. */
static void go_to(struct walk *walk, enum option_kind kind, json_t *values, const char *prefix)
{
	walk->kind = kind;
	walk->values = values;
	snprintf(walk->prefix, sizeof(walk->prefix), "%s", prefix);
}

static bool begins_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

void disk__set_file(struct disk *disk, const char *path)
{
	copy_printable(disk->path, sizeof(disk->path), path);
	disk->backing = begins_with(path, "/dev/") && !begins_with(path, "/dev/shm/") &&
					!begins_with(path, "/dev/fdset/")
				? DISK_BLOCK
				: DISK_FILE;
}

static void set_file(struct walk *walk, const char *path)
{
	disk__set_file(walk->disk, path);
	walk->ends = true;
}

/* QEMU takes what is before the first ':' for a protocol, unless a '/' comes earlier. */
static void set_filename(struct walk *walk, const char *name)
{
	size_t length = strcspn(name, ":/");

	if (!*name)
		return; /* a drive with nothing in it */
	walk->found = true;
	if (name[length] != ':') {
		set_file(walk, name);
	} else if (begins_with(name, "json:")) {
		walk->probes = false;
		go_to(walk, OPTION_BLOCKDEV, options__from_json(name + strlen("json:")), "");
	} else if (is_one_of(file_drivers, name, length)) {
		set_file(walk, name + length + 1);
	} else {
		secret_mask(walk->disk->path, sizeof(walk->disk->path), name);
		walk->ends = is_one_of(network_drivers, name, strcspn(name, "+:"));
		if (walk->ends)
			walk->disk->backing = DISK_NETWORK;
	}
}

static void set_network(struct disk *disk, const json_t *values, const char *prefix,
			const char *driver)
{
	const char *name = option__get(values, prefix, "filename");
	char text[4 * DISK_PATH_SIZE];
	size_t length;

	disk->backing = DISK_NETWORK;
	if (!name)
		name = option__get(values, prefix, "url");
	if (name) {
		secret_mask(disk->path, sizeof(disk->path), name);
		return;
	}
	length = (size_t)snprintf(text, sizeof(text), "%s", driver);
	for (size_t i = 0; i < sizeof(network_keys) / sizeof(network_keys[0]); i++) {
		const char *value = option__get(values, prefix, network_keys[i]);

		if (value && length < sizeof(text))
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%c%s",
						   length == strlen(driver) ? ':' : '/', value);
	}
	secret_mask(disk->path, sizeof(disk->path), text);
}

static bool is_format(const char *driver)
{
	return is_one_of(formats, driver, strlen(driver));
}

enum node_kind disk_node_kind(const char *driver)
{
	if (is_one_of(file_drivers, driver, strlen(driver)))
		return NODE_FILE;
	if (is_one_of(network_drivers, driver, strlen(driver)))
		return NODE_NETWORK;
	if (is_one_of(filters, driver, strlen(driver)))
		return NODE_FILTER;
	if (!strcmp(driver, "raw"))
		return NODE_RAW;
	return is_format(driver) ? NODE_FORMAT : NODE_OTHER;
}

/*
 * The topmost node that is a format, other than raw, gives the format. An unknown node may be one:
 * then nothing is known, nor is anything below it.
 */
static void set_format(struct walk *walk, const char *driver)
{
	struct disk *disk = walk->disk;
	bool is_raw = !*disk->format || !strcmp(disk->format, "raw");

	if (walk->probes || !is_raw || is_one_of(filters, driver, strlen(driver)))
		return;
	if (is_format(driver))
		copy_printable(disk->format, sizeof(disk->format), driver);
	else if (!walk->ends)
		walk->probes = true;
}

static void set_driver(struct walk *walk, const json_t *values, const char *prefix,
		       const char *driver)
{
	bool network = is_one_of(network_drivers, driver, strlen(driver));

	walk->found |= !is_format(driver);
	walk->ends = network || is_one_of(file_drivers, driver, strlen(driver)) ||
		     is_one_of(other_drivers, driver, strlen(driver));
	set_format(walk, driver);
	if (network)
		set_network(walk->disk, values, prefix, driver);
	else if (!strcmp(driver, "virtio-blk-vhost-user"))
		walk->disk->backing = DISK_VHOST_USER;
}

/* Goes on to what a node stands on: named, or described in place. */
static void go_below(struct walk *walk, enum option_kind kind, json_t *values, const char *prefix)
{
	const char *file = option__get(values, prefix, "file");
	char below[sizeof(walk->prefix)];

	if (file && kind == OPTION_DRIVE)
		set_filename(walk, file);
	else if (file)
		go_to(walk, OPTION_BLOCKDEV,
		      json_incref(options__find(walk->options, OPTION_BLOCKDEV, "node-name", file)),
		      "");
	else if ((size_t)snprintf(below, sizeof(below), "%sfile.", prefix) < sizeof(below) &&
		 (option__get(values, below, "driver") || option__get(values, below, "filename")))
		go_to(walk, OPTION_BLOCKDEV, json_incref(values), below);
}

static void take_node(struct walk *walk, enum option_kind kind, json_t *values, const char *prefix)
{
	const char *driver = option__get(values, prefix, "driver");
	const char *cache = option__get(values, prefix, "cache");
	const char *name = option__get(values, prefix, "filename");

	if (!driver && kind == OPTION_DRIVE)
		driver = option__get(values, prefix, "format");
	if (driver)
		set_driver(walk, values, prefix, driver);
	else if (!walk->has_format)
		walk->probes = true;
	walk->has_format = driver && is_format(driver);
	if (option__is_on(values, prefix, "cache.direct") ||
	    (cache && (!strcmp(cache, "none") || !strcmp(cache, "directsync"))))
		walk->disk->direct = true;
	if (name && driver && is_one_of(file_drivers, driver, strlen(driver)))
		set_file(walk, name);
	else if (name && walk->disk->backing == DISK_UNKNOWN)
		set_filename(walk, name);
	else
		go_below(walk, kind, values, prefix);
	if (driver && !strcmp(driver, "host_device"))
		walk->disk->backing = DISK_BLOCK;
}

static bool walk_down(struct walk *walk)
{
	struct disk *disk = walk->disk;

	for (int depth = 0; walk->values && depth < DEPTH_MAX; depth++) {
		struct walk node = *walk;

		walk->values = NULL;
		take_node(walk, node.kind, node.values, node.prefix);
		json_decref(node.values);
	}
	json_decref(walk->values);
	/* A file alone is raw, and so is a raw image with nothing but a file below. */
	if (*disk->format && strcmp(disk->format, "raw") != 0)
		return walk->found;
	snprintf(disk->format, sizeof(disk->format), "%s",
		 walk->ends && !walk->probes ? "raw" : "");
	return walk->found;
}

/* -snapshot is for all drives that do not say otherwise; it does not affect nodes. */
static bool is_snapshot(const struct options *options, const json_t *drive)
{
	return option__get(drive, "", "snapshot") ? option__is_on(drive, "", "snapshot")
						  : options->snapshot;
}

/* The overlay is a file without a name; the image itself is only read. */
static bool hide_behind_snapshot(struct disk *disk)
{
	snprintf(disk->format, sizeof(disk->format), "qcow2");
	disk->path[0] = '\0';
	disk->backing = DISK_UNKNOWN;
	disk->direct = false;
	return true;
}

bool disk__from_node(struct disk *disk, const struct options *options, enum option_kind kind,
		     json_t *values)
{
	struct walk walk = { .disk = disk, .options = options };

	go_to(&walk, kind, json_incref(values), "");
	if (!walk_down(&walk))
		return false;
	return kind != OPTION_DRIVE || !is_snapshot(options, values) || hide_behind_snapshot(disk);
}

void disk__from_filename(struct disk *disk, const struct options *options, const char *filename)
{
	struct walk walk = { .disk = disk, .options = options };

	set_filename(&walk, filename);
	walk_down(&walk);
}
