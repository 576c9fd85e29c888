/* SPDX-License-Identifier: GPL-2.0-only */
/* A recording as a source of views, of the VMs that --vm and --cgroup choose. */
#ifndef KVMQ_RECORDED_H
#define KVMQ_RECORDED_H

#include "model/options.h"
#include "model/view.h"
#include "recording/recording.h"

/*
 * Whether the VMs of --vm and --cgroup are in it at some moment: 0, -ENOENT or another -errno,
 * after one line.
 */
int recorded__check(struct recording *recording, const struct options *options);

/* The same of one view, which came from options->socket. */
int recorded__check_view(const struct view *view, const struct options *options);

/* recording__next(), reduced to the chosen VMs. */
int recorded__next(struct recording *recording, const struct options *options, struct view *view);

#endif
