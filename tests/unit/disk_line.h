/* SPDX-License-Identifier: GPL-2.0-only */
/* The disks of a command line, and what is expected of them. */
#ifndef KVMQ_DISK_LINE_H
#define KVMQ_DISK_LINE_H

#include "unit.h"

#include <stdbool.h>

#include "disks/disk.h"

/* What is expected of a disk; NULL and 0 are empty. */
struct expected {
	const char *name;
	const char *drive;
	const char *path;
	const char *format;
	const char *serial;
	const char *address;
	enum disk_backing backing;
	bool direct;
};

static struct disks disks;

/* Arguments are divided by '|'. */
static inline void parse(const char *arguments)
{
	size_t size = strlen(arguments) + 1;
	char *cmdline = malloc(size);

	assert_non_null(cmdline);
	memcpy(cmdline, arguments, size);
	for (size_t i = 0; i < size; i++)
		if (cmdline[i] == '|')
			cmdline[i] = '\0';
	disks__from_cmdline(&disks, cmdline, size);
	free(cmdline);
}

static inline void check_text(const char *is, const char *expected)
{
	assert_string_equal(is, expected ? expected : "");
}

static inline void check(size_t index, struct expected expected)
{
	const struct disk *disk = &disks.list[index];

	assert_true(index < disks.count);
	check_text(disk->name, expected.name);
	check_text(disk->drive, expected.drive);
	check_text(disk->path, expected.path);
	check_text(disk->format, expected.format);
	check_text(disk->serial, expected.serial);
	check_text(disk->address, expected.address);
	check_text(disk->qom_path, NULL);
	assert_int_equal(disk->backing, expected.backing);
	assert_int_equal(disk->direct, expected.direct);
	assert_int_equal(disk->dev, 0);
	assert_int_equal(disk->size_bytes, 0);
}

#define CHECK(index, ...) check(index, (struct expected){ __VA_ARGS__ })

static inline void check_nothing(const char *arguments)
{
	parse(arguments);
	assert_int_equal(disks.count, 0);
	assert_int_equal(disks.left_out, 0);
}

#endif
