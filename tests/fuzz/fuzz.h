/* SPDX-License-Identifier: GPL-2.0-only */
/* What the fuzz targets share: inputs in parts, and files of them in a folder like /proc. */
#ifndef KVMQ_FUZZ_H
#define KVMQ_FUZZ_H

#include <stdlib.h>
#include <string.h>

#include "../unit/fake_proc.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* What comes first in an input, up to a byte of 0xff, which is in no text, or its end. */
struct part {
	const char *text;
	size_t size;
};

static inline struct part take_part(const unsigned char **data, size_t *size)
{
	struct part part = { (const char *)*data, *size };
	const unsigned char *end = *size ? memchr(*data, 0xff, *size) : NULL;

	if (end)
		part.size = (size_t)(end - *data);
	*data += part.size + !!end;
	*size -= part.size + !!end;
	return part;
}

static struct fake_proc proc;

static inline void remove_proc(void)
{
	fake_proc__close(&proc);
}

/* A process of this number in a folder that goes with the fuzzer. */
static inline void begin_proc(unsigned int pid)
{
	char path[300];

	if (*proc.path)
		return;
	fake_proc__open(&proc);
	atexit(remove_proc);
	snprintf(path, sizeof(path), "%s/%u", proc.path, pid);
	if (mkdir(path, 0700))
		fake_fail(path);
}

#endif
