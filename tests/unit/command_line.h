/* SPDX-License-Identifier: GPL-2.0-only */
/* A command line that is read, or refused. */
#ifndef KVMQ_COMMAND_LINE_H
#define KVMQ_COMMAND_LINE_H

#include "unit.h"

#include "base/log.h"
#include "cli/options.h"

#define ARGUMENTS_MAX 12

struct parsed {
	struct options options;
	char *argv[ARGUMENTS_MAX + 2];
	int result;
	int status;
	struct capture out, err;
};

/* argv holds copies: getopt reorders it. */
static inline void parse(struct parsed *parsed, const struct tool *of, const char *const *arguments)
{
	int argc = 1;

	parsed->argv[0] = strdup(of->name);
	for (; arguments[argc - 1]; argc++)
		parsed->argv[argc] = strdup(arguments[argc - 1]);
	parsed->argv[argc] = NULL;
	parsed->status = -1;
	capture_begin(&parsed->out, STDOUT_FILENO);
	capture_begin(&parsed->err, STDERR_FILENO);
	parsed->result = options_parse(&parsed->options, of, argc, parsed->argv, &parsed->status);
	capture_end(&parsed->err);
	capture_end(&parsed->out);
}

static inline void parsed_free(struct parsed *parsed)
{
	for (char **argument = parsed->argv; *argument; argument++)
		free(*argument);
}

struct refusal {
	const char *arguments[ARGUMENTS_MAX];
	const char *about; /* the line begins with this */
};

/* Exit status 2, nothing on standard output, one line on standard error. */
static inline void refuse_all(const struct tool *of, const struct refusal *refusals, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct parsed parsed;
		char begin[128];

		parse(&parsed, of, refusals[i].arguments);
		parsed_free(&parsed);
		snprintf(begin, sizeof(begin), "%s: %s%s", of->name, refusals[i].about,
			 strchr(refusals[i].about, ' ') ? " " : ": ");
		if (parsed.result != 1 || parsed.status != STATUS_USAGE || *parsed.out.text ||
		    count_lines(parsed.err.text) != 1 ||
		    strncmp(parsed.err.text, begin, strlen(begin)))
			fail_msg("case %zu, %s: result %d, status %d, '%s'", i, begin,
				 parsed.result, parsed.status, parsed.err.text);
	}
}

static inline void accept(struct parsed *parsed, const struct tool *of,
			  const char *const *arguments)
{
	parse(parsed, of, arguments);
	if (parsed->result || *parsed->err.text || *parsed->out.text)
		fail_msg("result %d: '%s'", parsed->result, parsed->err.text);
}

#endif
