// SPDX-License-Identifier: GPL-2.0-only
/* The list of rules, and what each of them needs. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "why/rule.h"

static const struct why_rules *const tables[] = { &cpu_rules_of_why, &numa_rules_of_why,
						  &io_rules_of_why, &exit_rules_of_why,
						  &guest_rules_of_why };

const struct why_rule *why_rule__at(size_t place)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (place < tables[i]->count)
			return &tables[i]->list[place];
		place -= tables[i]->count;
	}
	return NULL;
}

int why_rule__find(const char *name, size_t length)
{
	const struct why_rule *rule;

	for (size_t i = 0; (rule = why_rule__at(i)); i++)
		if (strlen(rule->name) == length && !strncmp(rule->name, name, length))
			return (int)i;
	return -1;
}

static const char *missing_disks(const struct view *view)
{
	if (*view->io.missing.all)
		return view->io.missing.all;
	if (view->io.disks.count || view->io.devices.count)
		return NULL;
	return view->io.vms.count ? "no VM has a disk that is known" : "disks were not looked at";
}

static const char *missing_nodes(const struct view *view, const struct numa_row *row)
{
	if (!row)
		return *view->numa.faults_missing ? view->numa.faults_missing
						  : "nodes were not looked at";
	if (view->numa.nodes.count < 2 || row->remote_known)
		return NULL;
	return row->vm && *row->vm->residency_missing ? row->vm->residency_missing
						      : "it is not known where its memory is";
}

static const char *missing(enum why_part part, const struct why_vm *vm)
{
	const struct view *view = vm->facts->after;

	switch (part) {
	case WHY_EXITS:
		if (*view->exits.missing)
			return view->exits.missing;
		if (!view->exits.threads.count)
			return "exits were not looked at";
		return vm->exits && vm->exits->known ? NULL : "no exit was seen";
	case WHY_NUMA:
		return missing_nodes(view, vm->numa);
	case WHY_IO:
		return missing_disks(view);
	case WHY_THREADS:
		if (missing_disks(view))
			return missing_disks(view);
		return vm->others_seen ? NULL : "the VMM's threads were not followed";
	case WHY_GUESTS:
		if (missing_disks(view))
			return missing_disks(view);
		return view->io.guests.count
			       ? NULL
			       : "no guest has reported: --with-guests here, and kvmq-io "
				 "--guest-report in the guest";
	case WHY_BLAME:
		return view->sched.blame.count || !vm->wait_mpct ? NULL
								 : "who ran was not followed";
	case WHY_CPU:
		break;
	}
	return NULL;
}

bool why_part__is_known(enum why_part part, const struct why_vm *vm, const char **why)
{
	*why = missing(part, vm);
	return !*why;
}

enum why_level why_level__of(uint64_t value, const uint64_t *limits)
{
	if (value < limits[0])
		return WHY_NONE;
	return value < limits[1] ? WHY_LOOK : WHY_ACT;
}

void verdict__add(struct verdict *verdict, enum why_table table, const char *key, const void *row)
{
	if (row && verdict->evidence_count < EVIDENCE_MAX)
		verdict->evidence[verdict->evidence_count++] = (struct evidence){ table, key, row };
}

struct why_number why_number(uint64_t value, enum why_unit unit)
{
	static const double units[] = { [WHY_PERCENT] = 1e3,
					[WHY_MS] = 1e6,
					[WHY_US] = 1e3,
					[WHY_COUNT] = 1,
					[WHY_MIB] = 1048576 };
	static const char *const words[] = { [WHY_PERCENT] = " %",
					     [WHY_MS] = " ms",
					     [WHY_US] = " us",
					     [WHY_COUNT] = "",
					     [WHY_MIB] = " MiB" };
	double number = (double)value / units[unit];
	struct why_number result = { "" };

	say(result.text, "%.*f%s", unit == WHY_COUNT || number >= 100 ? 0 : 1, number, words[unit]);
	return result;
}

void say_text(char *text, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, size, format, arguments);
	va_end(arguments);
}
