/* SPDX-License-Identifier: GPL-2.0-only */
/* A wait as a line of text or of JSON. */
#ifndef KVMQ_WAIT_LINE_H
#define KVMQ_WAIT_LINE_H

#include <jansson.h>
#include <stdio.h>

#include "model/view.h"

/* The names of the columns of wait_line__print(). */
void wait_line__print_header(FILE *file);

/* One line; its time is local, or UTC. */
void wait_line__print(FILE *file, const struct named_wait *named, bool utc);

/* The same as an object of schema kvmq.cpu.event/1, a new reference. */
json_t *wait_line__json(const struct named_wait *named);

#endif
