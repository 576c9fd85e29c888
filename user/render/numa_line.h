/* SPDX-License-Identifier: GPL-2.0-only */
/* Events of kvmq-numa, one a line. */
#ifndef KVMQ_NUMA_LINE_H
#define KVMQ_NUMA_LINE_H

#include <jansson.h>
#include <stdio.h>

#include "model/numa.h"

void numa_line__print_header(FILE *file);

/* boot_ns is the time of day at which CLOCK_MONOTONIC was 0. */
void numa_line__print(FILE *file, const struct numa_event *event, const struct vm *vm,
		      uint64_t boot_ns);

/* The same as an object (kvmq.numa.event/1). A new reference. */
json_t *numa_line__json(const struct numa_event *event, const struct vm *vm, uint64_t boot_ns);

#endif
