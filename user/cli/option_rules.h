/* SPDX-License-Identifier: GPL-2.0-only */
/* Which options exclude or need each other. */
#ifndef KVMQ_OPTION_RULES_H
#define KVMQ_OPTION_RULES_H

#include "cli/options.h"

/*
 * Checks the given options against the rules of all tools and the tool's own. given has the value
 * of each option in the tool's list ("": it took none), or NULL if it was not given. Returns 0, or
 * -EINVAL after one line.
 */
int option_rules__check(const struct tool *tool, const char *const *given, bool command);

#endif
