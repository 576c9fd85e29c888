// SPDX-License-Identifier: GPL-2.0-only
#include "cli/option_rules.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "cli/option_entries.h"
#include "source/socket_source.h"

/* The value is a socket's path, and no recording's. */
#define FROM_SOCKET "--from SOCKET"

static const struct option_rule socket_rules[] = {
	{ .option = FROM_SOCKET,
	  .excludes = { "--events", "--qmp", "--vmm", "--with-guests", "--residency", "--timeline",
			"--since", "--until", "--incident", "--incidents", "COMMAND" },
	  .why = "which shows what kvmqd measures now" },
	{ 0 },
};

static const struct option_rule shared_rules[] = {
	{ .option = "--events",
	  .excludes = { "--hist", "--blame", "--overlap", "--columns", "--sort", "--top" },
	  .unless = "--json",
	  .why = "which prints no table" },
	{ .option = "--json", .excludes = { "--columns" }, .why = "which has every figure" },
	{ .option = "--from",
	  .excludes = { "--record", "--qmp", "--vmm", "--with-guests", "--residency", "--timeline",
			"COMMAND" },
	  .why = "which measures nothing" },
	{ .option = "--since", .needs = "--from", .why = "it chooses from what was recorded" },
	{ .option = "--until", .needs = "--from", .why = "it chooses from what was recorded" },
	{ .option = "--incident", .needs = "--from", .why = "it chooses from what was recorded" },
	{ .option = "--incident",
	  .excludes = { "--since", "--until" },
	  .why = "which has times of its own" },
	{ 0 },
};

struct command_line {
	const struct tool *tool;
	const char *const *given;
	bool command;
};

static const char *find_given(const struct command_line *line, const char *name)
{
	for (size_t i = 0; line->tool->options[i]; i++)
		if (!strcmp(line->tool->options[i]->name, name))
			return line->given[i];
	return NULL;
}

/* Its value, or NULL where it was not given, or the tool has no such option. */
static const char *value_of(const struct command_line *line, const char *name)
{
	const char *from = find_given(line, option_from.name);
	bool is_socket = from && socket_source__is_at(from);

	if (!strcmp(name, "COMMAND"))
		return line->command ? "" : NULL;
	if (!strcmp(name, FROM_SOCKET))
		return is_socket ? from : NULL;
	if (!strcmp(name, "--from"))
		return is_socket ? NULL : from;
	return find_given(line, name + strlen("--"));
}

static int check_rule(const struct command_line *line, const struct option_rule *rule)
{
	const char *value = value_of(line, rule->option);

	if (!value || (rule->value && strcmp(value, rule->value) != 0) ||
	    (rule->unless && value_of(line, rule->unless)))
		return 0;
	if (rule->needs && !value_of(line, rule->needs)) {
		log_error("%s: %s: add %s", rule->option, rule->why, rule->needs);
		return -EINVAL;
	}
	for (const char *const *excluded = rule->excludes; *excluded; excluded++) {
		if (!value_of(line, *excluded))
			continue;
		log_error("%s: not with %s%s%s, %s: leave one of the two out%s%s", *excluded,
			  rule->option, rule->value ? " " : "", rule->value ? rule->value : "",
			  rule->why, rule->unless ? ", or add " : "",
			  rule->unless ? rule->unless : "");
		return -EINVAL;
	}
	return 0;
}

int option_rules__check(const struct tool *tool, const char *const *given, bool command)
{
	const struct option_rule *const lists[] = { socket_rules, tool->rules, shared_rules };
	const struct command_line line = { tool, given, command };
	const char *columns = value_of(&line, "--columns");

	/* Then nothing is shown but their list. */
	if (columns && !strcmp(columns, "help"))
		return 0;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct option_rule *rule = lists[i]; rule && rule->option; rule++)
			if (check_rule(&line, rule))
				return -EINVAL;
	return 0;
}
