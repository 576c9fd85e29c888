/* SPDX-License-Identifier: GPL-2.0-only */
/* Views as bytes: wire.h says which. */
#ifndef KVMQ_WIRE_WRITER_H
#define KVMQ_WIRE_WRITER_H

#include "model/set.h"
#include "wire/wire.h"

struct wire_writer;

/* The sets stay until it is closed: 0 or -ENOMEM. */
int wire_writer__open(struct wire_writer **result, const struct set *const *sets, size_t set_count);

/*
 * A frame, which is the caller's to release: 0, -ENOMEM, or -E2BIG (no reader would take it). A
 * view's lists need no order.
 */
int wire_writer__tables(const struct wire_writer *writer, const struct wire_about *about,
			struct wire_frame **result);
int wire_writer__moment(struct wire_writer *writer, const void *view, struct wire_frame **result);

/* Accepts NULL. */
void wire_writer__close(struct wire_writer *writer);

#endif
