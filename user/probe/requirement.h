/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What any program of kvmq needs to be loaded. A tool asks before it opens anything. kvmq-doctor
 * asks the same for each tool, so that the two agree.
 */
#ifndef KVMQ_REQUIREMENT_H
#define KVMQ_REQUIREMENT_H

#include <stdbool.h>

#include "base/check.h"

/*
 * Adds a check for each thing that all tools need; lost says what is lost without it. Returns
 * whether the kernel has BTF, so that more can be asked.
 */
bool requirements__check(struct checks *checks, const char *lost);

/* Adds what programs at KVM's tracepoints need in addition. */
void requirements__check_kvm(struct checks *checks, const char *lost);

/*
 * 0, or -EPERM after one line about the first thing that is missing. With -v, a line for each that
 * is there.
 */
int requirements__refuse(const struct checks *checks);

/*
 * What is behind a refusal by the kernel that capabilities do not explain, such as a seccomp
 * filter, and what to do about it.
 */
const char *requirements__obstacle(void);

/* Makes a check fail with the line that log_error() has just kept. */
void check__refused(struct check *check, enum check_status status, const char *lost);

#endif
