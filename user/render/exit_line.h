/* SPDX-License-Identifier: GPL-2.0-only */
/* An exit as a line of text or of JSON. */
#ifndef KVMQ_EXIT_LINE_H
#define KVMQ_EXIT_LINE_H

#include <jansson.h>
#include <stdio.h>

#include "model/view.h"

/* The names of the columns of exit_line__print(). */
void exit_line__print_header(FILE *file);

/* One line; its time is local, or UTC. */
void exit_line__print(FILE *file, const struct named_exit *named, bool utc);

/* The same as an object of schema kvmq.exit.event/1, a new reference. */
json_t *exit_line__json(const struct named_exit *named);

#endif
