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

static int add_unasked(struct why *why, const struct why_rule *rule, const struct why_vm *vm,
		       const char *reason)
{
	struct unasked *unasked = list_add(&why->unasked);

	if (!unasked)
		return -ENOMEM;
	*unasked = (struct unasked){ rule, vm, reason };
	return 0;
}

static int judge(struct why *why, const struct why_vm *vm, size_t first, size_t place,
		 const uint64_t *limits)
{
	const struct why_rule *rule = why_rule__at(place);
	struct verdict *verdict;
	const char *reason;

	if (!why_part__is_known(rule->part, vm, &reason))
		return add_unasked(why, rule, vm, reason);
	if (is_silenced(why, first, rule))
		return 0;
	verdict = list_add(&why->verdicts);
	if (!verdict)
		return -ENOMEM;
	verdict->rule = rule;
	verdict->place = place;
	verdict->vm = vm;
	verdict->against = rule->against;
	verdict->level = rule->judge(vm, limits, verdict);
	if (verdict->level == WHY_NONE)
		why->verdicts.count--;
	return 0;
}

static int compare_verdicts(const void *left, const void *right)
{
	const struct verdict *a = left, *b = right;

	if (a->level != b->level)
		return a->level > b->level ? -1 : 1;
	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	if (a->vm != b->vm)
		return a->vm < b->vm ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

/* The worst VM first, and what else there is of it right behind its worst. */
static void gather(struct why *why)
{
	struct verdict *list = why->verdicts.list;

	for (size_t i = 0; i < why->verdicts.count; i++) {
		size_t next = i + 1;

		if (i && list[i].vm == list[i - 1].vm)
			continue;
		for (size_t j = i + 1; j < why->verdicts.count; j++) {
			const struct verdict moved = list[j];

			if (moved.vm != list[i].vm)
				continue;
			memmove(&list[next + 1], &list[next], (j - next) * sizeof(*list));
			list[next++] = moved;
		}
	}
}

int why__make(struct why *why, const struct view *before, const struct view *after,
	      const struct why_settings *settings)
{
	list_clear(&why->verdicts);
	list_clear(&why->unasked);
	if (why_facts__make(&why->facts, before, after))
		return -ENOMEM;
	for (size_t i = 0; i < why->facts.list.count; i++) {
		size_t first = why->verdicts.count;

		for (size_t place = 0; why_rule__at(place); place++)
			if (judge(why, &why->facts.list.list[i], first, place,
				  settings->values[place]))
				return -ENOMEM;
	}
	list_sort(&why->verdicts, compare_verdicts);
	gather(why);
	return 0;
}

void why__free(struct why *why)
{
	why_facts__free(&why->facts);
	list_free(&why->verdicts);
	list_free(&why->unasked);
}
