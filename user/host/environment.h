/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KVMQ_HOST_ENVIRONMENT_H
#define KVMQ_HOST_ENVIRONMENT_H

#include "model/environment.h"

/*
 * Reads what a host is like from the files below root, which is "" or a test's folder, and what is
 * given: its kernel's release and build, as uname() has them. debugfs, which only root may read,
 * tells of the scheduler; without it, that is left unknown. To be called while privileges are
 * there.
 */
void environment__read(struct environment *environment, const char *root, const char *release,
		       const char *build);

#endif
