// SPDX-License-Identifier: GPL-2.0-only
#include "probe/kernel.h"
#include "source/source.h"

int source__open(const struct source_ops *ops, void *source, const struct options *options,
		 const struct event_sink *sink)
{
	int error;

	kernel_hold_types();
	error = ops->open(source, options, sink);
	kernel_release_types();
	return error;
}
