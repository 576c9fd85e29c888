// SPDX-License-Identifier: GPL-2.0-only
#include "why/why.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

/* How many of a unit's raw numbers make one of those that are written. */
static const uint64_t scales[] = { [WHY_PERCENT] = 1000,
				   [WHY_MS] = NSEC_PER_MSEC,
				   [WHY_US] = NSEC_PER_USEC,
				   [WHY_COUNT] = 1,
				   [WHY_MIB] = 1 << 20 };

/* Of what is written, so that no raw number overflows. */
#define THRESHOLD_MAX 1000000000ULL

const char *why_level__name(enum why_level level)
{
	static const char *const names[] = {
		[WHY_NONE] = "none", [WHY_OK] = "ok", [WHY_LOOK] = "look", [WHY_ACT] = "act"
	};

	return names[level];
}

void why_settings__init(struct why_settings *settings)
{
	const struct why_rule *rule;

	*settings = (struct why_settings){ 0 };
	for (size_t i = 0; (rule = why_rule__at(i)); i++)
		for (int j = 0; j < RULE_THRESHOLDS; j++)
			settings->values[i][j] =
				rule->thresholds[j].value * scales[rule->thresholds[j].unit];
}

/* name: "" for the first one, or begins with a dot. */
static int find_threshold(const struct why_rule *rule, const char *name, size_t length)
{
	for (int i = 0; i < RULE_THRESHOLDS && rule->thresholds[i].name; i++)
		if (!length || (strlen(rule->thresholds[i].name) == length - 1 &&
				!strncmp(rule->thresholds[i].name, name + 1, length - 1)))
			return i;
	return -1;
}

int why_settings__set(struct why_settings *settings, const char *text, char *error, size_t size)
{
	size_t length = strcspn(text, "="), name, end;
	const char *value = text + length;
	int rule, which;

	for (end = length; end && isspace((unsigned char)text[end - 1]); end--)
		;
	name = strcspn(text, ".=");
	name = name < end ? name : end;
	rule = why_rule__find(text, name);
	if (!*value || rule < 0) {
		snprintf(error, size, *value ? "no such rule: see --rules" : "no RULE=VALUE");
		return -EINVAL;
	}
	which = find_threshold(why_rule__at((size_t)rule), text + name, end - name);
	if (which < 0) {
		snprintf(error, size, "the rule has no such threshold: see --explain");
		return -EINVAL;
	}
	value += 1 + strspn(value + 1, " \t");
	if (parse_fixed(value, scales[why_rule__at((size_t)rule)->thresholds[which].unit], 0,
			THRESHOLD_MAX * scales[why_rule__at((size_t)rule)->thresholds[which].unit],
			&settings->values[rule][which])) {
		snprintf(error, size, "expected a number of the unit that --explain names");
		return -EINVAL;
	}
	return 0;
}

static bool same_group(const struct why_rule *a, const struct why_rule *b)
{
	return a->group && b->group && !strcmp(a->group, b->group);
}

/* What was said before of the same VM, from its first verdict on, silences a rule. */
static bool is_silenced(const struct why *why, size_t first, const struct why_rule *rule)
{
	if (rule->alone && why->verdicts.count > first)
		return true;
	for (size_t i = first; i < why->verdicts.count; i++)
		if (same_group(why->verdicts.list[i].rule, rule))
			return true;
	return false;
}

/* Behind all that says why vCPUs wait; the order of the rules does the rest. */
static void put_behind(const struct why *why, size_t first, struct verdict *verdict)
{
	for (size_t i = first; i < why->verdicts.count; i++) {
		const struct verdict *cause = &why->verdicts.list[i];

		if ((cause->rule->part == WHY_CPU || cause->rule->part == WHY_BLAME) &&
		    !cause->rule->effect && cause->level == verdict->level &&
		    cause->severity < verdict->severity)
			verdict->severity = cause->severity;
	}
}

static int add_unasked(struct why *why, size_t place, const struct why_vm *vm, const char *reason)
{
	struct unasked *unasked = list_add(&why->unasked);

	if (!unasked)
		return -ENOMEM;
	*unasked = (struct unasked){ why_rule__at(place), place, vm, reason };
	return 0;
}

/* Most rules say nothing, and most of a draft stays empty: so no more than its texts' ends. */
static void begin_draft(struct verdict_draft *draft)
{
	*draft->summary = *draft->culprit = *draft->remedy = *draft->command = *draft->undo = '\0';
}

/* Room for the longest texts is several KiB: of most verdicts there are a hundred bytes. */
static int keep_draft(struct why *why, struct verdict *verdict)
{
	const struct verdict_draft *draft = verdict->draft;
	const char *const texts[] = { draft->summary, draft->culprit, draft->remedy, draft->command,
				      draft->undo };
	const char **kept[] = { &verdict->summary, &verdict->culprit, &verdict->remedy,
				&verdict->command, &verdict->undo };

	verdict->draft = NULL;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t size = strlen(texts[i]) + 1;
		char *copy = pool__take(&why->texts, size);

		if (!copy)
			return -ENOMEM;
		*kept[i] = memcpy(copy, texts[i], size);
	}
	return 0;
}

static int judge(struct why *why, const struct why_vm *vm, size_t first, size_t place,
		 const uint64_t *limits)
{
	const struct why_rule *rule = why_rule__at(place);
	struct verdict_draft draft;
	struct verdict *verdict;
	const char *reason;

	if (!why_part__is_known(rule->part, vm, &reason))
		return add_unasked(why, place, vm, reason);
	if (is_silenced(why, first, rule) || (rule->of_waits && vm->wait_mpct < limits[0]))
		return 0;
	verdict = list_add(&why->verdicts);
	if (!verdict)
		return -ENOMEM;
	verdict->rule = rule;
	verdict->place = place;
	verdict->vm = vm;
	verdict->against = rule->against;
	begin_draft(&draft);
	verdict->draft = &draft;
	verdict->level = rule->judge(vm, limits, verdict);
	if (verdict->level == WHY_NONE) {
		why->verdicts.count--;
		return 0;
	}
	if (keep_draft(why, verdict))
		return -ENOMEM;
	if (rule->effect)
		put_behind(why, first, verdict);
	return 0;
}

/* Greater is worse, and comes first. */
static int compare_levels(enum why_level a, uint64_t a_severity, enum why_level b,
			  uint64_t b_severity)
{
	if (a != b)
		return a > b ? -1 : 1;
	return a_severity > b_severity ? -1 : a_severity < b_severity;
}

/* The worst VM first, and what else there is of it right behind its worst. */
static int compare_verdicts(const void *left, const void *right)
{
	const struct verdict *a = left, *b = right;
	int result = compare_levels(a->worst_level, a->worst_severity, b->worst_level,
				    b->worst_severity);

	if (!result && a->vm != b->vm)
		return a->vm < b->vm ? -1 : 1;
	if (!result)
		result = compare_levels(a->level, a->severity, b->level, b->severity);
	return result ? result : a->place < b->place ? -1 : a->place > b->place;
}

/* Those of one VM, from a place on. */
static void find_worst(struct why *why, size_t first)
{
	const struct verdict *worst = why->verdicts.list + first;

	for (size_t i = first + 1; i < why->verdicts.count; i++)
		if (compare_levels(why->verdicts.list[i].level, why->verdicts.list[i].severity,
				   worst->level, worst->severity) < 0)
			worst = &why->verdicts.list[i];
	for (size_t i = first; i < why->verdicts.count; i++) {
		why->verdicts.list[i].worst_level = worst->level;
		why->verdicts.list[i].worst_severity = worst->severity;
	}
}

int why__make(struct why *why, const struct view *before, const struct view *after,
	      const struct why_settings *settings)
{
	list_clear(&why->verdicts);
	list_clear(&why->unasked);
	pool__reset(&why->texts);
	if (why_facts__make(&why->facts, before, after))
		return -ENOMEM;
	for (size_t i = 0; i < why->facts.list.count; i++) {
		size_t first = why->verdicts.count;

		for (size_t place = 0; why_rule__at(place); place++)
			if (judge(why, &why->facts.list.list[i], first, place,
				  settings->values[place]))
				return -ENOMEM;
		find_worst(why, first);
	}
	list_sort(&why->verdicts, compare_verdicts);
	return 0;
}

void why__free(struct why *why)
{
	why_facts__free(&why->facts);
	list_free(&why->verdicts);
	list_free(&why->unasked);
	pool__free(&why->texts);
}
