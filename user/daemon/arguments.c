// SPDX-License-Identifier: GPL-2.0-only
#include "daemon/arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/version.h"

#define HELP_COLUMN 29
#define HELP_WIDTH 80

/* Those that are no settings. */
static const struct option others[] = {
	{ "config", required_argument, NULL, 'c' }, { "check", no_argument, NULL, 'C' },
	{ "verbose", no_argument, NULL, 'v' },	    { "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
};

#define OTHERS (sizeof(others) / sizeof(others[0]))
#define SETTING_OPTION 256 /* what getopt_long() returns: this and the place of the setting */

/* From HELP_COLUMN on, in lines of at most HELP_WIDTH. */
static void print_wrapped(const char *text)
{
	int column = HELP_COLUMN;

	while (*text) {
		int length = (int)strcspn(text, " ");

		if (column > HELP_COLUMN && column + 1 + length > HELP_WIDTH) {
			printf("\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		}
		column += printf("%s%.*s", column > HELP_COLUMN ? " " : "", length, text);
		text += length;
		text += *text == ' ';
	}
	putchar('\n');
}

static void print_setting(const struct daemon_setting *setting)
{
	const char *more = "";
	char name[64], help[256];

	if (setting->kind == SETTING_SWITCH)
		more = ": on or off";
	else if (setting->may_be_off)
		more = ", or off";
	snprintf(name, sizeof(name), "%s=%s", setting->name, setting->argument);
	snprintf(help, sizeof(help), "%s%s; default: %s", setting->help, more, setting->usual);
	printf("      --%-20s ", name);
	if (strlen(name) > 20)
		printf("\n%*s", HELP_COLUMN, "");
	print_wrapped(help);
}

static void print_help(void)
{
	const struct daemon_setting *setting;

	printf("Usage: kvmqd [OPTION]...\n"
	       "All that kvmq measures, always on: recorded, and served to tools and as "
	       "metrics.\n\n"
	       "  -c, --config=FILE          "
	       "settings, one a line: NAME = VALUE; default:\n"
	       "                             " DAEMON_CONFIG ", if it is there\n"
	       "      --check                "
	       "print the settings, and end: 0 if they are right\n"
	       "  -v, --verbose              say more on standard error; -vv: libbpf's messages\n"
	       "  -V, --version              print the version, and end\n"
	       "  -h, --help                 print this, and end\n"
	       "\nSettings, which count more than those of the file:\n");
	for (size_t i = 0; (setting = daemon_setting__at(i)); i++)
		print_setting(setting);
	printf("\nA SPAN is a number with ms, s, min, h or d, BYTES with KiB, MiB or GiB. SIGHUP\n"
	       "reads the settings again.\n"
	       "\nExit status: 0 done, 1 failed while running, 2 wrong usage, 3 this host cannot "
	       "do it.\nThe manual page says more.\n");
}

static int print_about(int value)
{
	errno = 0;
	if (value == 'h')
		print_help();
	else
		printf("kvmqd %s\n", KVMQ_VERSION);
	return output_status();
}

static void build_table(struct option *table)
{
	const struct daemon_setting *setting;

	memcpy(table, others, sizeof(others));
	table += OTHERS;
	for (size_t i = 0; (setting = daemon_setting__at(i)); i++)
		*table++ = (struct option){ setting->name, required_argument, NULL,
					    SETTING_OPTION + (int)i };
	*table = (struct option){ 0 };
}

static int refuse(int value, char **argv)
{
	const char *last = argv[optind - 1];

	if (value == ':')
		log_error("%s: its value is missing: see 'kvmqd --help'", last);
	else
		log_error("%s: no such option, or a value that it does not take: see 'kvmqd "
			  "--help'",
			  last);
	return -EINVAL;
}

static int set(const struct daemon_setting *setting, struct daemon_settings *settings,
	       const char *text)
{
	char error[SETTING_ERROR_SIZE];

	if (!daemon_setting__set(setting, settings, text, error, sizeof(error)))
		return 0;
	log_error("--%s: invalid value '%s': expected %s", setting->name, text, error);
	return -EINVAL;
}

/* The value is checked at once, though the file is read only then. */
static int take_setting(struct daemon_arguments *arguments, size_t place, const char *text)
{
	const struct daemon_setting *setting = daemon_setting__at(place);
	struct daemon_settings tried = { 0 };

	if (arguments->given[place]) {
		log_error("--%s: given twice: leave one of them out", setting->name);
		return -EINVAL;
	}
	arguments->given[place] = text;
	return set(setting, &tried, text);
}

static int take(struct daemon_arguments *arguments, int value)
{
	switch (value) {
	case 'c':
		arguments->config = optarg;
		return 0;
	case 'C':
		arguments->check = true;
		return 0;
	case 'v':
		arguments->verbose++;
		return 0;
	default:
		return take_setting(arguments, (size_t)(value - SETTING_OPTION), optarg);
	}
}

/* getopt_long() takes abbreviations, which another setting may make ambiguous one day. */
static bool is_abbreviated(const struct option *table, int value, const char *word)
{
	for (; table->name; table++)
		if (table->val == value)
			return strncmp(word, "--", 2) == 0 &&
			       strcspn(word + 2, "=") != strlen(table->name);
	return false;
}

int daemon_arguments__parse(struct daemon_arguments *arguments, int argc, char **argv, int *status)
{
	struct option table[OTHERS + DAEMON_SETTINGS_MAX + 1];
	int value, place = 1;

	*arguments = (struct daemon_arguments){ 0 };
	*status = STATUS_USAGE;
	build_table(table);
	opterr = 0;
	optind = 0; /* starts afresh, also for a second call */
	while ((value = getopt_long(argc, argv, "+:c:vVh", table, NULL)) != -1) {
		if (value == '?' || value == ':' || is_abbreviated(table, value, argv[place])) {
			refuse(value, argv);
			return 1;
		}
		place = optind;
		if (value == 'h' || value == 'V') {
			*status = print_about(value);
			return 1;
		}
		if (take(arguments, value))
			return 1;
	}
	if (optind < argc) {
		log_error("'%s': one argument too many: see 'kvmqd --help'", argv[optind]);
		return 1;
	}
	return 0;
}

int daemon_arguments__settings(const struct daemon_arguments *arguments,
			       struct daemon_settings *settings)
{
	const struct daemon_setting *setting;
	int error = 0;

	daemon_settings__init(settings);
	if (arguments->config)
		error = daemon_settings__read(settings, arguments->config);
	else if (!access(DAEMON_CONFIG, F_OK) || errno != ENOENT)
		error = daemon_settings__read(settings, DAEMON_CONFIG);
	for (size_t i = 0; !error && (setting = daemon_setting__at(i)); i++)
		if (arguments->given[i])
			error = set(setting, settings, arguments->given[i]);
	return error ? error : daemon_settings__check(settings);
}
