/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules of kvmq-why as text, and their thresholds as the user wants them. */
#ifndef KVMQ_WHY_RULES_H
#define KVMQ_WHY_RULES_H

#include "model/options.h"
#include "why/why.h"

/* The file that thresholds may be set in, for all users. */
#define WHY_CONFIG "/etc/kvmq/why.conf"

/*
 * The rules' own thresholds, then those of a file, if it is there, then those of the options.
 * Returns 0 or -errno after one line on standard error.
 */
int why_rules__settings(struct why_settings *settings, const char *file,
			const struct options *options);

/* The exit status of such an error: not all of them are wrong usage. */
int why_rules__status(int error);

/* --rules and --explain: true, with the exit status, if one of them was given. */
bool why_rules__print(const struct options *options, int *status);

#endif
