/* SPDX-License-Identifier: GPL-2.0-only */
/* A file in the Chrome JSON trace format, of bounded size, written as it comes. */
#ifndef KVMQ_TRACE_FILE_H
#define KVMQ_TRACE_FILE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct trace_file {
	const char *path; /* borrowed */
	FILE *file;
	uint64_t limit; /* bytes */
	uint64_t size;
	uint64_t events;
	uint64_t slices;
	uint64_t left_out; /* slices that did not fit */
	bool full;	   /* since the first one that did not */
	bool failed;	   /* a write did, and that was said */
};

/* A part of a track; ts and duration in ns. */
struct trace_slice {
	uint32_t pid;
	uint32_t tid;
	const char *name; /* any text */
	const char *category;
	uint64_t ts;
	uint64_t duration;
};

/* Makes or overwrites the file. Returns 0, or -errno after one line. */
int trace_file__open(struct trace_file *file, const char *path, uint64_t limit);

/* The name and the place of a "process" or "thread". */
void trace_file__name(struct trace_file *file, const char *what, uint32_t pid, uint32_t tid,
		      const char *name);
void trace_file__sort(struct trace_file *file, const char *what, uint32_t pid, uint32_t tid,
		      uint32_t index);

/* format and the rest are the members of its "args", in JSON. */
void trace_file__slice(struct trace_file *file, const struct trace_slice *slice, const char *format,
		       ...) __attribute__((format(printf, 3, 4)));

/* Text as text_show() shows it, as a JSON string with its quotes. free() the result. */
char *trace_file__quote(const char *text);

/* Returns 0, or -errno after one line: something could not be written. */
int trace_file__check(struct trace_file *file);

/*
 * Ends the file with these members of its "otherData". Returns 0, or -errno after
 * one line, unless trace_file__check() has said it.
 */
int trace_file__close(struct trace_file *file, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
