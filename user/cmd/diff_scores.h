/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_DIFF_SCORES_H
#define KVMQ_DIFF_SCORES_H

#include "diff/table.h"
#include "model/options.h"

/*
 * Reads what benchmarks say of themselves: "NAME VALUE UNIT" a line, of --score's files, one for
 * each run, A's first. A unit that ends with "/s" is better when it is more, one of time when it is
 * less. Before the recordings, since it needs the caller's privileges. 0 or -errno after one line.
 */
int diff_scores__read(struct figure_table *table, const struct diff_options *options);

#endif
