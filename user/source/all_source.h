/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Views of everything: one session with the programs of exits and of nodes beside it, and that of
 * I/O. What this host does not let be opened is no error: the view says why it is missing, and has
 * the rest. It has no events.
 */
#ifndef KVMQ_ALL_SOURCE_H
#define KVMQ_ALL_SOURCE_H

#include "model/run_cost.h"
#include "source/source.h"

/* A struct source_ops; options->detached are the parts that are not to be looked at, at first. */
extern const struct source_ops all_source;

/*
 * Looks at these parts (PART_*) of views from now on, and no others, whose hooks then cost nothing.
 * A part that begins anew has no difference to what was before it: it counts from 0. All are loaded
 * as long as the source is open, and attached in no time. Returns 0 or -errno after one line, or
 * -EINTR as open() does; what the host refuses is in the views.
 */
int all_source__want(void *data, unsigned int parts);

/*
 * Why these parts are not looked at, as views say it while they are not: a clause, which is
 * borrowed. NULL: because nobody wants them, as at first.
 */
void all_source__say_why(void *data, unsigned int parts, const char *why);

/* What the hooks have cost so far; those for hint faults are not timed. */
struct hook_costs {
	struct run_cost switches; /* of VMs' threads: struct cost has more */
	struct run_cost exits;
	struct run_cost block;
};

/* Far cheaper than a view. Returns 0 or -ENOMEM. */
int all_source__read_costs(void *data, struct hook_costs *costs);

#endif
