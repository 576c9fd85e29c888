/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a pair of views means for a person: which VM is slow, because of what and whom, and what
 * to do. Rules are data (rule.h); nothing is printed here, and nothing is ever changed.
 */
#ifndef KVMQ_WHY_H
#define KVMQ_WHY_H

#include "model/pool.h"
#include "model/view.h"
#include "why/rule.h"

/* From where on each rule speaks: its thresholds, as they are or were set. */
struct why_settings {
	uint64_t values[RULES_MAX][RULE_THRESHOLDS];
};

/* As the rules' own. */
void why_settings__init(struct why_settings *settings);

/*
 * Sets one from "RULE=VALUE", which is the rule's first threshold, or "RULE.NAME=VALUE"; blanks
 * around the "=" do not count. The value is a decimal number of the threshold's unit. Returns 0 or
 * -EINVAL with a clause in error.
 */
int why_settings__set(struct why_settings *settings, const char *text, char *error, size_t size);

/* A rule that could not be asked, of one VM. */
struct unasked {
	const struct why_rule *rule;
	size_t place; /* of the rule */
	const struct why_vm *vm;
	const char *why; /* a clause */
};

/* All verdicts of two views; of zeros at first, but for facts.brief. */
struct why {
	struct why_facts facts;
	LIST(struct verdict) verdicts; /* worst first: of one VM after the other */
	LIST(struct unasked) unasked;
	struct pool texts; /* of the verdicts */
};

/*
 * Judges each chosen VM of two views, which must stay as long as the verdicts: always the same
 * of the same two. Returns 0 or -ENOMEM. It owns memory: why__free().
 */
int why__make(struct why *why, const struct view *before, const struct view *after,
	      const struct why_settings *settings);
void why__free(struct why *why);

/* "ok", "look", "act" */
const char *why_level__name(enum why_level level);

#endif
