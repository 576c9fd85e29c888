/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What has to be there for any program of kvmq's to be loaded. A tool asks before it opens
 * anything, and kvmq-doctor asks the same for each tool: so that the two agree.
 */
#ifndef KVMQ_REQUIREMENT_H
#define KVMQ_REQUIREMENT_H

#include <stdbool.h>

#include "base/check.h"

/*
 * Adds a check for each thing that all tools need; lost is what is lost without it. Returns
 * whether the kernel has BTF, and can be asked for more.
 */
bool requirements__check(struct checks *checks, const char *lost);

/* Adds what programs at KVM's tracepoints need beside that. */
void requirements__check_kvm(struct checks *checks, const char *lost);

/*
 * 0, or -EPERM after one line: of the first that is missing. With -v a line for each that is
 * there.
 */
int requirements__refuse(const struct checks *checks);

/*
 * What stands behind a refusal of the kernel's that capabilities do not explain, such as a
 * seccomp filter, and what to do about it.
 */
const char *requirements__obstacle(void);

/* Makes a check fail with the line that has just been kept by log_error(). */
void check__refused(struct check *check, enum check_status status, const char *lost);

#endif
