/* SPDX-License-Identifier: GPL-2.0-only */
/* Events of kvmq-numa, one a line. */
#ifndef KVMQ_NUMA_LINE_H
#define KVMQ_NUMA_LINE_H

#include <jansson.h>
#include <stdio.h>

#include "model/view.h"

void numa_line__print_header(FILE *file);

/* One line; its time is local, or UTC. */
void numa_line__print(FILE *file, const struct named_burst *named, bool utc);

/* The same as an object (kvmq.numa.event/1). A new reference. */
json_t *numa_line__json(const struct named_burst *named);

#endif
