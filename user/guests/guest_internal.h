/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of guest reports and of their transport share. */
#ifndef KVMQ_GUEST_INTERNAL_H
#define KVMQ_GUEST_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/guest_link.h"

#define GUEST_TOO_LONG "it is longer than 256 KiB"

/* Keys of the report. */
extern const char *const guest_op_names[IO_OPS];
extern const char *const guest_layer_names[GUEST_LAYERS];

/*
 * Connects to the socket, without waiting, if the process itself listens on it, at a file of its
 * user's. Nobody else's socket is touched. Returns a file descriptor or -errno: -EPERM, the process
 * does not listen there; -EACCES, the file is another user's.
 */
int guest_way__connect(const struct guest_way *way, uint32_t pid);

bool guest_way__equal(const struct guest_way *a, const struct guest_way *b);

/*
 * Whether the process has a vsock device of the kernel's. The kernel gives each CID to one device,
 * but does not say which: a command line may still name another's CID.
 */
bool guest_way__has_vsock(uint32_t pid);

/* What has arrived of a line that has not ended; all 0 at first. */
struct guest_line {
	char *data;
	size_t size, capacity;
	bool skipping; /* the rest of a line that is skipped */
};

/*
 * Takes bytes as they arrive and calls back for each line that has ended, without its newline and
 * never empty. For a line that has to be skipped it calls back once, with line NULL and a reason.
 */
typedef void (*guest_line_fn)(void *context, const char *line, size_t size, const char *reason);
void guest_line__feed(struct guest_line *line, const char *bytes, size_t size,
		      guest_line_fn on_line, void *context);

/* Forgets what has arrived. Returns whether that was a part of a line. */
bool guest_line__reset(struct guest_line *line);

#endif
