// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/why_rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "base/units.h"
#include "render/terminal.h"

static const char *const units[] = { [WHY_PERCENT] = " %",
				     [WHY_MS] = " ms",
				     [WHY_US] = " us",
				     [WHY_COUNT] = "",
				     [WHY_MIB] = " MiB" };
static const unsigned int decimals[] = {
	[WHY_PERCENT] = 3, [WHY_MS] = 6, [WHY_US] = 3, [WHY_COUNT] = 0, [WHY_MIB] = 0
};

/* One setting a line; what stands behind a # does not count. */
static int set_line(struct why_settings *settings, char *line, const char *file,
		    unsigned int number)
{
	char error[128];

	line[strcspn(line, "#\n")] = '\0';
	for (size_t end = strlen(line); end && strchr(" \t\r", line[end - 1]); end--)
		line[end - 1] = '\0';
	line += strspn(line, " \t");
	if (!*line || !why_settings__set(settings, line, error, sizeof(error)))
		return 0;
	log_error("%s: line %u: '%s': %s", file, number, line, error);
	return -EINVAL;
}

static int read_config(struct why_settings *settings, const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned int number = 0;
	char *line = NULL;
	size_t size = 0;
	int error = 0;

	if (!file && errno == ENOENT)
		return 0;
	while (file && !error && getline(&line, &size, file) >= 0)
		error = set_line(settings, line, path, ++number);
	if (!error && (!file || !feof(file))) {
		error = -errno;
		log_error("%s: %s: %s", path, strerror(-error), remedy(error, "mend or remove it"));
	}
	free(line);
	if (file)
		fclose(file);
	return error;
}

int why_rules__status(int error)
{
	return error == -ENOMEM || error == -EMFILE || error == -ENFILE ? STATUS_FAILED
									: STATUS_USAGE;
}

int why_rules__settings(struct why_settings *settings, const char *file,
			const struct options *options)
{
	char error[128];
	int failed;

	why_settings__init(settings);
	failed = read_config(settings, file);
	if (failed)
		return failed;
	for (size_t i = 0; i < options->why.threshold_count; i++) {
		const char *text = options->why.thresholds[i];

		if (!why_settings__set(settings, text, error, sizeof(error)))
			continue;
		log_error("--threshold: '%s': %s", text, error);
		return -EINVAL;
	}
	return 0;
}

static void print_rules(void)
{
	const struct why_rule *rule;

	for (size_t i = 0; (rule = why_rule__at(i)); i++)
		terminal_line(stdout, "%-16s %s", rule->name, rule->says);
}

/* "look    5 %  (own practice)"; a value as it is set now. */
static void print_threshold(const struct why_threshold *threshold, uint64_t value)
{
	char text[32];

	if (threshold->unit == WHY_MIB)
		value >>= 20;
	format_fixed(text, value, decimals[threshold->unit]);
	if (strchr(text, '.')) {
		while (text[strlen(text) - 1] == '0')
			text[strlen(text) - 1] = '\0';
		if (text[strlen(text) - 1] == '.')
			text[strlen(text) - 1] = '\0';
	}
	terminal_line(stdout, "  %-8s %s%s: %s", threshold->name, text, units[threshold->unit],
		      threshold->source);
}

static int explain(const struct options *options)
{
	const char *name = options->why.explain;
	int place = why_rule__find(name, strlen(name));
	const struct why_rule *rule;
	struct why_settings settings;
	int error;

	if (place < 0) {
		log_error("--explain: '%s': no such rule: see --rules", name);
		return STATUS_USAGE;
	}
	error = why_rules__settings(&settings, WHY_CONFIG, options);
	if (error)
		return why_rules__status(error);
	rule = why_rule__at((size_t)place);
	errno = 0;
	terminal_line(stdout, "%s: %s", rule->name, rule->says);
	terminal_line(stdout, "It speaks if %s.", rule->condition);
	if (rule->thresholds[0].name)
		puts("Thresholds, from the first of which on it speaks:");
	for (int i = 0; i < RULE_THRESHOLDS && rule->thresholds[i].name; i++)
		print_threshold(&rule->thresholds[i], settings.values[place][i]);
	if (rule->alone)
		puts("It is heard only where no rule before it spoke.");
	else if (rule->group)
		terminal_line(stdout, "Of the rules of '%s', the first that speaks is heard.",
			      rule->group);
	if (rule->against)
		terminal_line(stdout, "Against doing what it advises: %s.", rule->against);
	return output_status();
}

bool why_rules__print(const struct options *options, int *status)
{
	if (options->why.explain) {
		*status = explain(options);
		return true;
	}
	if (!options->why.rules)
		return false;
	errno = 0;
	print_rules();
	*status = output_status();
	return true;
}
