/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of disk.c share: the options of a command line, and what they tell about a file.
 */
#ifndef KVMQ_DISK_INTERNAL_H
#define KVMQ_DISK_INTERNAL_H

#include <jansson.h>

#include "disks/disk.h"

#define OPTION_KEY_SIZE 256 /* no key of a disk is longer */

enum option_kind {
	OPTION_DRIVE,
	OPTION_BLOCKDEV,
	OPTION_DEVICE,
	OPTION_CHARDEV,
	OPTION_MACHINE,
	OPTION_DISK, /* of another VMM than QEMU */
};

/*
 * One option with its values: an object of strings only, without levels ("file.driver"). Names and
 * values are whatever bytes the process wrote. Devices are read only when they are needed: there
 * may be a thousand, and most are no disks.
 */
struct option {
	enum option_kind kind;
	const char *unread;  /* the text, borrowed; NULL: it has been read */
	const char *implied; /* the key that its first item may lack */
	json_t *values;	     /* of one that has been read; NULL: it is refused */
};

/* Reads the option, unless it has been read. Borrowed; NULL: it is refused. */
const json_t *option__values(struct option *option);

/* Whether this can be in one of the values of an option that has not been read. */
bool option__may_hold(const struct option *option, const char *text);

/* In the order of the command line, whose text must stay as long. */
struct options {
	struct option *list;
	size_t count;
	unsigned int dialect; /* whose options they are */
	bool snapshot;	      /* of all drives, by -snapshot */
	size_t refused;	      /* JSON that is broken, too deep or too large: it is not used */
};

/*
 * Reads the options that are about disks. Returns 0 or -errno (-E2BIG: too many); ends with
 * options__free().
 */
int options__read(struct options *options, const char *cmdline, size_t size);
void options__free(struct options *options);

/* Gives a key a value of so many bytes. False: there is no memory for it. */
bool option__set(json_t *values, const char *key, const char *text, size_t length);

/* The value of a key behind a prefix, "" for none; NULL: it is not there. */
const char *option__get(const json_t *values, const char *prefix, const char *key);
bool option__is_on(const json_t *values, const char *prefix, const char *key);

/* The first option of a kind whose key has this value, or NULL. */
json_t *options__find(const struct options *options, enum option_kind kind, const char *key,
		      const char *value);

/*
 * A JSON object with its levels flattened; a new reference, or NULL: it is no object, or has too
 * many levels.
 */
json_t *options__from_json(const char *text);

/*
 * What the text tells about where a disk's bytes are: format, path, backing, direct. From a -drive
 * or a -blockdev, or from a name that QEMU takes for file=. A format that QEMU would have to
 * detect, or that is not known here, stays empty. The first returns whether the drive has a medium.
 */
bool disk__from_node(struct disk *disk, const struct options *options, enum option_kind kind,
		     json_t *values);
void disk__from_filename(struct disk *disk, const struct options *options, const char *filename);

/* What a node of QEMU does with the guest's requests. */
enum node_kind {
	NODE_OTHER,   /* not known, or several nodes are below it */
	NODE_FILE,    /* a file or a device of this host */
	NODE_NETWORK, /* another machine's */
	NODE_RAW,     /* they go to one node unchanged, but for an offset */
	NODE_FILTER,  /* they go to one node unchanged */
	NODE_FORMAT,  /* they become others */
};

enum node_kind disk_node_kind(const char *driver);

/* The text of a file's name, which is no URL. */
void disk__set_file(struct disk *disk, const char *path);

/* All of the above for a whole command line. */
void disks__from_options(struct disks *disks, const struct options *options);

/* Copies as many whole characters as fit. They are made harmless when they are shown. */
void copy_printable(char *to, size_t size, const char *text);

/* Forgets all of them, but keeps the room. */
void disks__clear(struct disks *disks);

/* Room for one more, all 0, or NULL: then it is left out and counted. */
struct disk *disks__add(struct disks *disks);
void disks__remove(struct disks *disks, size_t index);

/*
 * Fills in what is really open, and adds disks that no option of the command line names. Returns 0
 * or -errno.
 */
int disks__read_fds(struct disks *disks, const struct options *options, const char *cmdline,
		    size_t size);

/* A file as a monitor knows it. */
struct disk_file {
	const char *name;  /* in full; NULL: as the disk's path says */
	const json_t *fds; /* what an fd set holds: the file is one of these; NULL: it is in none */
	bool read_only;
};

/* Fills in only the disks that need it: wanted[i] is about the disk at i. Returns 0 or -errno. */
int disks__find_files(struct disks *disks, const struct disk_file wanted[DISKS_MAX]);

#endif
