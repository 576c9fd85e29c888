// SPDX-License-Identifier: GPL-2.0-only
#include "cli/options.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time_text.h"
#include "base/units.h"
#include "base/version.h"
#include "cli/option_entries.h"
#include "cli/option_rules.h"
#include "source/socket_source.h"

#define INTERVAL_MIN_NS (10 * NSEC_PER_MSEC)
#define INTERVAL_MAX_NS (24 * 3600 * NSEC_PER_SEC)

/* What getopt_long() returns for a long option: this and its place in the tool's list. */
#define LONG_OPTION 256

#define HELP_COLUMN 29
#define HELP_WIDTH 80

/* The place in the tool's list of what getopt_long() has found; -1: none. */
static int find_entry(const struct tool *tool, int value)
{
	if (value >= LONG_OPTION)
		return value - LONG_OPTION;
	for (int i = 0; value && tool->options[i]; i++)
		if (tool->options[i]->letter == value)
			return i;
	return -1;
}

/* From HELP_COLUMN on, in lines of at most HELP_WIDTH. */
static void print_wrapped(const char *text)
{
	int column = HELP_COLUMN;

	while (*text) {
		int length = (int)strcspn(text, " ");

		if (column == HELP_COLUMN) {
			column += printf("%.*s", length, text);
		} else if (column + 1 + length <= HELP_WIDTH) {
			column += printf(" %.*s", length, text);
		} else {
			printf("\n%*s%.*s", HELP_COLUMN, "", length, text);
			column = HELP_COLUMN + length;
		}
		text += length;
		text += *text == ' ';
	}
	putchar('\n');
}

static void print_entry(const struct option_entry *entry)
{
	bool optional = entry->has_argument == optional_argument;
	char name[48], values[128], help[256];

	snprintf(name, sizeof(name), "%s%s%s%s", entry->name,
		 optional	   ? "[="
		 : entry->argument ? "="
				   : "",
		 entry->argument ? entry->argument : "", optional ? "]" : "");
	if (entry->letter)
		printf("  -%c, --%-20s ", entry->letter, name);
	else
		printf("      --%-20s ", name);
	snprintf(help, sizeof(help), "%s", entry->help);
	if (entry->values) {
		option__list_values(values, sizeof(values), entry);
		snprintf(help, sizeof(help), "%s: %s; default: %s", entry->help, values,
			 entry->values[0]);
	}
	print_wrapped(help);
}

static void print_intervals(const struct tool *tool)
{
	struct options options = { .interval_ns = NSEC_PER_SEC };
	char count[48] = "until Ctrl-C, which prints the last one";

	if (tool->preset)
		tool->preset(&options);
	if (options.count)
		snprintf(count, sizeof(count), "%" PRIu64, options.count);
	printf("\nINTERVAL is in seconds, 0.01 to 86400 (default %" PRIu64
	       "); COUNT is the number of\nintervals (default: %s). COMMAND is run:\n"
	       "the tool ends with it and with its exit status, after one interval unless\n"
	       "INTERVAL is given.\n",
	       (uint64_t)(options.interval_ns / NSEC_PER_SEC), count);
}

static void print_help(const struct tool *tool)
{
	printf("Usage: %s [OPTION]...%s\n%s\n\n", tool->name,
	       tool->interval ? " [INTERVAL [COUNT]] [-- COMMAND...]"
	       : tool->sides  ? " A... -- B..."
			      : "",
	       tool->question);
	for (const struct option_entry *const *entry = tool->options; *entry; entry++)
		print_entry(*entry);
	if (tool->interval)
		print_intervals(tool);
	printf("\nExit status: %s\nThe manual page says more.\n",
	       tool->status ? tool->status
			    : "0 done, 1 failed while running, 2 wrong usage, 3 this host cannot "
			      "do it.");
}

/* The two forms of the list that getopt_long() wants. */
static void build_tables(const struct tool *tool, char *letters, struct option *names)
{
	*letters++ = ':';
	for (int i = 0; tool->options[i]; i++) {
		const struct option_entry *entry = tool->options[i];

		*names++ =
			(struct option){ entry->name, entry->has_argument, NULL, LONG_OPTION + i };
		if (!entry->letter)
			continue;
		*letters++ = entry->letter;
		for (int colon = 0; colon < entry->has_argument; colon++)
			*letters++ = ':';
	}
	*letters = '\0';
	*names = (struct option){ 0 };
}

static int bad_operand(const char *operand, const char *value, const char *expected)
{
	log_error("%s: invalid value '%s': expected %s", operand, value, expected);
	return -EINVAL;
}

/* getopt has refused an argument: says which, in one line. */
static int refuse(const struct tool *tool, int what, char **argv)
{
	const char *last = argv[optind - 1];

	/* For a short option getopt may be in the middle of its word: optopt holds the letter. */
	if (optopt && find_entry(tool, optopt) < 0)
		log_error("-%c: no such option: see '%s --help'", optopt, tool->name);
	else if (what == ':')
		log_error("%s: its value is missing: see '%s --help'", last, tool->name);
	else
		log_error("%s: no such option, or a value that it does not take: see '%s --help'",
			  last, tool->name);
	return -EINVAL;
}

/*
 * An optional value is part of its option's word. A word after it may be meant as the value or as
 * INTERVAL; only a fraction is clearly INTERVAL.
 */
static int check_apart(const struct option_entry *entry, const char *next)
{
	uint64_t ns;

	if (entry->has_argument != optional_argument || optarg || !next || *next == '-' ||
	    (strchr(next, '.') && !parse_fixed(next, NSEC_PER_SEC, 0, UINT64_MAX, &ns)))
		return 0;
	log_error(
		"--%s: '%s' stands apart from it: write --%s=%s for its value, or INTERVAL before "
		"the options",
		entry->name, next, entry->name, next);
	return -EINVAL;
}

/* What stands after "--" is the command, or B; getopt sees only what is before. */
static int split_command(struct options *options, const struct tool *tool, int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--"))
			continue;
		if (tool->sides) {
			options->diff.b = argv + i + 1;
			options->diff.b_count = (size_t)(*argc - i - 1);
			*argc = i;
			continue;
		}
		if (!tool->interval || i + 1 == *argc) {
			log_error("'--': %s: see '%s --help'",
				  tool->interval ? "its command is missing" : "takes no command",
				  tool->name);
			return -EINVAL;
		}
		options->command = argv + i + 1;
		*argc = i;
	}
	return 0;
}

/* "A... -- B...", of which B has been read */
static int read_sides(struct diff_options *diff, const struct tool *tool, int argc, char **argv)
{
	diff->a = argv;
	diff->a_count = (size_t)argc;
	if (diff->a_count && diff->b_count && diff->a_count <= DIFF_FILES_MAX &&
	    diff->b_count <= DIFF_FILES_MAX)
		return 0;
	log_error("%s: expected 1 to %d recordings: see '%s --help'",
		  diff->a_count && diff->a_count <= DIFF_FILES_MAX ? "B, after '--'"
								   : "A, before '--'",
		  DIFF_FILES_MAX, tool->name);
	return -EINVAL;
}

static int read_operands(struct options *options, const struct tool *tool, int argc, char **argv)
{
	int most = tool->interval ? 2 : 0;

	if (tool->sides)
		return read_sides(&options->diff, tool, argc, argv);
	if (argc > most) {
		log_error("'%s': one argument too many: see '%s --help'", argv[most], tool->name);
		return -EINVAL;
	}
	if (argc > 0) {
		options->interval_given = true;
		if (parse_fixed(argv[0], NSEC_PER_SEC, INTERVAL_MIN_NS, INTERVAL_MAX_NS,
				&options->interval_ns))
			return bad_operand("INTERVAL", argv[0], "seconds from 0.01 to 86400");
	}
	if (options->command)
		options->count = 0; /* the command ends it */
	if (argc > 1 && options->command) {
		log_error("COUNT: '%s': the command ends the run: leave one of the two out",
			  argv[1]);
		return -EINVAL;
	}
	if (argc > 1 && parse_number(argv[1], 1, UINT32_MAX, &options->count))
		return bad_operand("COUNT", argv[1], "a whole number from 1 to 4294967295");
	return 0;
}

static int read_time(uint64_t *time_ns, const struct options *options,
		     const struct option_entry *entry, uint64_t now_ns)
{
	const char *text = *(const char *const *)((const char *)options + entry->place);
	int error = text ? parse_time(text, now_ns, options->utc, time_ns) : 0;

	if (error == -ERANGE)
		log_error("--%s: '%s': there is no such time: give another", entry->name, text);
	return error == -EINVAL ? option__refuse(entry, text) : error;
}

/*
 * Only now, since --utc may come after them, and since all times that are relative to now need the
 * same now.
 */
static int read_times(struct options *options)
{
	uint64_t now_ns = clock_realtime_ns();

	if (read_time(&options->since_ns, options, &option_since, now_ns) ||
	    read_time(&options->until_ns, options, &option_until, now_ns))
		return -EINVAL;
	if (options->since_ns <= options->until_ns)
		return 0;
	log_error("--since: '%s' is later than --until '%s': give an earlier one", options->since,
		  options->until);
	return -EINVAL;
}

static void set_defaults(struct options *options, const struct tool *tool)
{
	*options = (struct options){ .interval_ns = NSEC_PER_SEC, .until_ns = UINT64_MAX };
	for (const struct option_entry *const *entry = tool->options; *entry; entry++)
		if ((*entry)->values)
			(*entry)->set(options, *entry, (*entry)->values[0]);
	if (tool->preset)
		tool->preset(options);
}

/* A socket is no recording: what comes from there is measured now. */
static void take_socket(struct options *options)
{
	if (!options->from || !socket_source__is_at(options->from))
		return;
	options->socket = options->from;
	options->from = NULL;
}

/* Longer than any recording is, and added to any time no overflow. */
static void take_whole(struct options *options, const struct tool *tool)
{
	if (!tool->whole || !options->from || options->interval_given)
		return;
	options->interval_given = true;
	options->interval_ns = UINT64_MAX / 4;
}

/* Help or version: an exit status. */
static int print_about(const struct tool *tool, const struct option_entry *entry)
{
	errno = 0;
	if (entry == &option_help)
		print_help(tool);
	else
		printf("%s %s\n", tool->name, KVMQ_VERSION);
	return output_status();
}

/* Returns 0 to go on; else *status is the exit status. */
static int read_options(struct options *options, const struct tool *tool, int argc, char **argv,
			int *status)
{
	char letters[3 * OPTIONS_MAX + 2];
	struct option names[OPTIONS_MAX + 1];
	const char *given[OPTIONS_MAX] = { NULL };
	const struct option_entry *entry;
	int value, place;

	build_tables(tool, letters, names);
	opterr = 0;
	optind = 0; /* starts afresh, also for a second call */
	while ((value = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		if (value == '?' || value == ':')
			return refuse(tool, value, argv);
		place = find_entry(tool, value);
		entry = tool->options[place];
		if (entry == &option_help || entry == &option_version) {
			*status = print_about(tool, entry);
			return 1;
		}
		if (check_apart(entry, optind < argc ? argv[optind] : NULL) ||
		    entry->set(options, entry, optarg))
			return -EINVAL;
		given[place] = optarg ? optarg : "";
	}
	return option_rules__check(tool, given, options->command);
}

int options_parse(struct options *options, const struct tool *tool, int argc, char **argv,
		  int *status)
{
	set_defaults(options, tool);
	log_init(tool->name, 0);
	signal(SIGPIPE, SIG_IGN); /* flush_output() sees to it */
	signal(SIGXFSZ, SIG_IGN); /* and to this: a limit is an error, and not the end */
	*status = STATUS_USAGE;
	if (split_command(options, tool, &argc, argv) ||
	    read_options(options, tool, argc, argv, status) || read_times(options) ||
	    read_operands(options, tool, argc - optind, argv + optind))
		return 1;
	take_socket(options);
	take_whole(options, tool);
	log_init(tool->name, options->verbose);
	/* Otherwise another file would get its number, and the output. */
	if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
		log_error("standard output: closed: give it a reader");
		*status = STATUS_FAILED;
		return 1;
	}
	return 0;
}
