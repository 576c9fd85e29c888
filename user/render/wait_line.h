/* SPDX-License-Identifier: GPL-2.0-only */
/* A wait as a line of text or of JSON. */
#ifndef KVMQ_WAIT_LINE_H
#define KVMQ_WAIT_LINE_H

#include <jansson.h>
#include <stdio.h>

#include "model/wait_event.h"

/* The names of the columns of wait_line__print(). */
void wait_line__print_header(FILE *file);

/*
 * One line. vm is the waiting thread's; prev_vm that of the thread that left
 * the CPU for it, or NULL if that is in no VM. boot_ns is the time of day at
 * which CLOCK_MONOTONIC was 0.
 */
void wait_line__print(FILE *file, const struct wait_event *event, const struct vm *vm,
		      const struct vm *prev_vm, uint64_t boot_ns);

/* The same as an object of schema kvmq.cpu.event/1, a new reference. */
json_t *wait_line__json(const struct wait_event *event, const struct vm *vm,
			const struct vm *prev_vm, uint64_t boot_ns);

#endif
