/* SPDX-License-Identifier: GPL-2.0-only */
/* Slow requests, one a line. */
#ifndef KVMQ_IO_LINE_H
#define KVMQ_IO_LINE_H

#include <jansson.h>
#include <stdio.h>

#include "model/io_event.h"

/* An event with what is known of where it belongs. */
struct io_line {
	const struct io_event *event;
	const char *vm;	  /* "unknown": of one of several; NULL: no VM's */
	const char *disk; /* NULL: not known */
	const char *device;
	const char *scheduler;
};

void io_line__print_header(FILE *file);

/* boot_ns is the time of day at which CLOCK_MONOTONIC was 0. */
void io_line__print(FILE *file, const struct io_line *line, uint64_t boot_ns, bool utc);

/* The same as an object (kvmq.io.event/1). A new reference. */
json_t *io_line__json(const struct io_line *line, uint64_t boot_ns);

#endif
