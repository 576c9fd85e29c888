/* SPDX-License-Identifier: GPL-2.0-only */
/* kvmq-top's life on a terminal: keys, signals and intervals, until it is told to end. */
#ifndef KVMQ_TOP_RUN_H
#define KVMQ_TOP_RUN_H

#include "model/options.h"
#include "recording/info.h"
#include "source/source.h"
#include "top/top.h"

struct top_input {
	const struct options *options;
	const struct recording_info *info; /* what is written, or read, is of this */
	const struct source_ops *live;
	/*
	 * Makes the source look at these parts of views alone: 0, -EINTR, or -errno after a line.
	 * NULL: others decide that.
	 */
	int (*want)(void *source, unsigned int parts);
};

/* Measures, or shows the recording that options->from names. Returns an exit status. */
int top__run(struct top *top, const struct top_input *input);

#endif
