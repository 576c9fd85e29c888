/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Views of everything: one session with the programs of exits and of nodes beside it, and that of
 * I/O. What this host does not let be opened is no error: the view says why it is missing, and has
 * the rest. It has no events.
 */
#ifndef KVMQ_ALL_SOURCE_H
#define KVMQ_ALL_SOURCE_H

#include "source/source.h"

/* A struct source_ops; options->detached are the parts that are not to be looked at, at first. */
extern const struct source_ops all_source;

/*
 * Looks at these parts (PART_*) of views from now on, and no others, whose hooks then cost nothing.
 * A part that begins anew has no difference to what was before it. All are loaded as long as the
 * source is open, and attached in no time; I/O, once it is attached, stays so. Returns 0 or -errno
 * after one line, or -EINTR as open() does; what the host refuses is in the views.
 */
int all_source__want(void *source, unsigned int parts);

#endif
