/* SPDX-License-Identifier: GPL-2.0-only */
/* kvmqd's life: what it looks at, what it hands each view to, its signals and its end. */
#ifndef KVMQ_DAEMON_RUN_H
#define KVMQ_DAEMON_RUN_H

#include "daemon/arguments.h"

/* Runs until it is told to end. Both are borrowed. Returns an exit status. */
int daemon__run(const struct daemon_arguments *arguments, const struct daemon_settings *settings);

#endif
