/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of disk.c share: the options of a command line, and what they say of a file. */
#ifndef KVMQ_DISK_INTERNAL_H
#define KVMQ_DISK_INTERNAL_H

#include <jansson.h>

#include "collect/disk.h"

enum option_kind {
	OPTION_DRIVE,
	OPTION_BLOCKDEV,
	OPTION_DEVICE,
	OPTION_CHARDEV,
	OPTION_MACHINE,
	OPTION_DISK, /* of another VMM than QEMU */
};

/*
 * One option with its values: an object of strings only, without levels ("file.driver").
 * Names and values are whatever bytes the process wrote.
 */
struct option {
	enum option_kind kind;
	json_t *values;
};

/* In the order of the command line. */
struct options {
	struct option *list;
	size_t count;
};

/* Reads those that have to do with disks. Returns 0 or -errno (-E2BIG: too many); ends with
 * options__free(). */
int options__read(struct options *options, const char *cmdline, size_t size);
void options__free(struct options *options);

/* The value of a key behind a prefix, "" for none; NULL: it is not there. */
const char *option__get(const json_t *values, const char *prefix, const char *key);
bool option__is_on(const json_t *values, const char *prefix, const char *key);

/* The first option of a kind whose key has this value, or NULL. */
json_t *options__find(const struct options *options, enum option_kind kind, const char *key,
		      const char *value);

/* An object of JSON without its levels; a new reference, or NULL: it is none. */
json_t *options__from_json(const char *text);

/*
 * What the text says of where a disk's bytes are: format, path, backing, direct. By a -drive
 * or a -blockdev, or by a name as QEMU takes it for file=.
 */
void disk__from_node(struct disk *disk, const struct options *options, enum option_kind kind,
		     json_t *values);
void disk__from_filename(struct disk *disk, const struct options *options, const char *filename);

/* Whether a driver of QEMU's is one of an image's format; what comes out of others is raw. */
bool is_format(const char *driver);

/* All of the above for a whole command line. */
void disks__from_options(struct disks *disks, const struct options *options);

/* Copies whole characters, as many as there is room for. What is shown is made harmless there. */
void copy_printable(char *to, size_t size, const char *text);

/* Room for one more, all 0, or NULL: then it is left out and counted. */
struct disk *disks__add(struct disks *disks);
void disks__remove(struct disks *disks, size_t index);

/* Fills in what is really open, and adds what no option names. Returns 0 or -errno. */
int disks__read_fds(struct disks *disks, const struct options *options);

/* Fills in only the disks of which it is not known yet. Returns 0 or -errno. */
int disks__find_files(struct disks *disks);

#endif
