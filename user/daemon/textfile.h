/* SPDX-License-Identifier: GPL-2.0-only */
/* A text for node_exporter's textfile collector, which reads *.prom in a folder. */
#ifndef KVMQ_TEXTFILE_H
#define KVMQ_TEXTFILE_H

#include <stddef.h>

#define TEXTFILE_NAME "kvmq.prom"

/*
 * Writes the text into the folder, as one that is there in whole or not at all: a reader never sees
 * a part of it. It is not flushed to the disk, since another comes soon. Returns 0 or -errno, and
 * leaves what was there before.
 */
int textfile__write(const char *directory, const char *text, size_t size);

#endif
