// SPDX-License-Identifier: GPL-2.0-only
/* What kvmq-report says of itself, and which options it takes. */
#include "cli/option_entries.h"
#include "cmd/tools.h"

static const struct option_entry report_from = {
	.letter = 'f',
	.name = "from",
	.has_argument = required_argument,
	.argument = "FILE",
	.help = "the recording: of any tool",
	.expected = "the name of a recording",
	.place = offsetof(struct options, from),
	.set = option__set_name,
};

static const struct option_entry report_html = {
	.name = "html",
	.has_argument = required_argument,
	.argument = "FILE",
	.help = "write the page to FILE",
	.expected = "the name of a file to write",
	.place = offsetof(struct options, report.html),
	.set = option__set_name,
};

const struct tool report_tool = {
	.name = "kvmq-report",
	.question = "A recording as one page for a browser: --from FILE --html FILE",
	.options =
		(const struct option_entry *const[]){ &report_from, &report_html, &option_since,
						      &option_until, &option_vm, &option_cgroup,
						      &option_local, &option_utc, &option_verbose,
						      &option_version, &option_help, NULL },
	.status = "0 done, 1 failed while running, 2 wrong usage, 3 no such VM in it.",
};
