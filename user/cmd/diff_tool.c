// SPDX-License-Identifier: GPL-2.0-only
/* What kvmq-diff says of itself, and which options it takes. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "cli/option_entries.h"
#include "cmd/tools.h"

#define HUNDRED_MPCT 100000
#define RUN_MIN_NS (10 * NSEC_PER_MSEC)
#define RUN_MAX_NS (24 * 3600 * NSEC_PER_SEC)

static int add_role(struct options *options, const struct option_entry *entry, const char *text)
{
	struct diff_options *diff = &options->diff;

	if (!*text || diff->role_count == OPTIONS_ROLES_MAX)
		return option__refuse(entry, text);
	diff->roles[diff->role_count++] = text;
	return 0;
}

static int add_score(struct options *options, const struct option_entry *entry, const char *text)
{
	struct diff_options *diff = &options->diff;

	if (!*text || diff->score_count == OPTIONS_SCORES_MAX)
		return option__refuse(entry, text);
	diff->scores[diff->score_count++] = text;
	return 0;
}

/* "2", "0.5%" */
static int set_percent(struct options *options, const struct option_entry *entry, const char *text)
{
	uint64_t *mpct = (uint64_t *)((char *)options + entry->place);
	size_t length = strcspn(text, "%");
	char number[16];

	if (length >= sizeof(number) || (text[length] && text[length + 1]))
		return option__refuse(entry, text);
	memcpy(number, text, length);
	number[length] = '\0';
	return parse_fixed(number, HUNDRED_MPCT / 100, 0, HUNDRED_MPCT, mpct)
		       ? option__refuse(entry, text)
		       : 0;
}

static int set_runs(struct options *options, const struct option_entry *entry, const char *text)
{
	return parse_fixed(text, NSEC_PER_SEC, RUN_MIN_NS, RUN_MAX_NS, &options->diff.runs_ns)
		       ? option__refuse(entry, text)
		       : 0;
}

static const struct option_entry diff_primary = {
	.letter = 'p',
	.name = "primary",
	.has_argument = required_argument,
	.argument = "FIGURE",
	.help = "the figure that decides, of each role or as FIGURE@ROLE (default ready_pct)",
	.expected = "a figure, as --json calls it, or FIGURE@ROLE",
	.place = offsetof(struct options, diff.primary),
	.set = option__set_name,
};

static const struct option_entry diff_margin = {
	.name = "margin",
	.has_argument = required_argument,
	.argument = "PCT",
	.help = "what may be lost and is no worse, in % of A (default 2)",
	.expected = "a percentage from 0 to 100",
	.place = offsetof(struct options, diff.margin_mpct),
	.set = set_percent,
};

static const struct option_entry diff_pairs = {
	.name = "pairs",
	.help = "the n-th run of A and the n-th of B belong together",
	.place = offsetof(struct options, diff.pairs),
	.set = option__set_flag,
};

static const struct option_entry diff_role = {
	.name = "role",
	.has_argument = required_argument,
	.argument = "PATTERN",
	.help = "all VMs whose names match are one, others are left out; may repeat",
	.expected = "a pattern as 'web*', 32 times at most",
	.set = add_role,
};

static const struct option_entry diff_runs = {
	.name = "runs",
	.has_argument = required_argument,
	.argument = "SECONDS",
	.help = "cut each recording into runs as long as this",
	.expected = "seconds from 0.01 to 86400",
	.set = set_runs,
};

static const struct option_entry diff_score = {
	.name = "score",
	.has_argument = required_argument,
	.argument = "FILE",
	.help = "a benchmark's lines NAME VALUE UNIT; one for each run, A's first",
	.expected = "a file, 256 times at most",
	.set = add_score,
};

static const struct option_entry diff_strangers = {
	.name = "strangers",
	.has_argument = required_argument,
	.argument = "PCT",
	.help = "leave out a run whose vCPUs wait more than this for processes of no VM "
		"(default 1)",
	.expected = "a percentage from 0 to 100",
	.place = offsetof(struct options, diff.strangers_mpct),
	.set = set_percent,
};

static const struct option_entry diff_lkml = {
	.name = "lkml",
	.help = "plain text of 75 columns, for a mailing list",
	.place = offsetof(struct options, diff.lkml),
	.set = option__set_flag,
};

static const struct option_entry diff_html = {
	.name = "html",
	.has_argument = required_argument,
	.argument = "FILE",
	.help = "a page for a browser to FILE, too",
	.expected = "the name of a file to write",
	.place = offsetof(struct options, diff.html),
	.set = option__set_name,
};

static const struct option_rule diff_rules[] = {
	{ .option = "--json", .excludes = { "--lkml" }, .why = "which has every figure" },
	{ .option = "--score", .excludes = { "--runs" }, .why = "which is of a whole recording" },
	{ 0 },
};

static void preset(struct options *options)
{
	options->diff.margin_mpct = 2000;
	options->diff.strangers_mpct = 1000;
}

const struct tool diff_tool = {
	.name = "kvmq-diff",
	.question = "Recordings of two kinds of runs, A and B: is B worse?",
	.options = (const struct option_entry *const[]){ &diff_primary, &diff_margin, &diff_pairs,
							 &diff_role, &diff_runs, &diff_score,
							 &diff_strangers, &diff_lkml, &diff_html,
							 &option_json, &option_version,
							 &option_help, NULL },
	.rules = diff_rules,
	.sides = true,
	.preset = preset,
	.status = "0 no worse, 1 worse, 125 undecided or failed, 2 wrong usage,\n"
		  "3 these recordings cannot be compared.",
};
