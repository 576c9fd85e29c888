/* SPDX-License-Identifier: GPL-2.0-only */
/* What all unit tests begin with; cmocka.h counts on the first four. */
#ifndef KVMQ_UNIT_H
#define KVMQ_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* What is written to a file descriptor between begin and end. */
struct capture {
	int fd;	   /* that is captured */
	int saved; /* where it went before */
	int file;
	char text[16384];
};

static inline void capture_begin(struct capture *capture, int fd)
{
	fflush(NULL);
	capture->fd = fd;
	capture->saved = dup(fd);
	capture->file = memfd_create("capture", MFD_CLOEXEC);
	assert_true(capture->saved >= 0 && capture->file >= 0);
	assert_int_equal(dup2(capture->file, fd), fd);
}

/* Returns the text, which is the capture's. */
static inline const char *capture_end(struct capture *capture)
{
	ssize_t got;

	fflush(NULL);
	got = pread(capture->file, capture->text, sizeof(capture->text) - 1, 0);
	capture->text[got > 0 ? got : 0] = '\0';
	dup2(capture->saved, capture->fd);
	close(capture->saved);
	close(capture->file);
	return capture->text;
}

static inline size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* A file in memory to print into; the text is there after memory_close(). */
struct memory {
	FILE *file;
	char *text;
	size_t size;
};

static inline FILE *memory_open(struct memory *memory)
{
	memory->text = NULL;
	memory->file = open_memstream(&memory->text, &memory->size);
	assert_non_null(memory->file);
	return memory->file;
}

/* free() the result. */
static inline char *memory_close(struct memory *memory)
{
	fclose(memory->file);
	return memory->text;
}

#endif
