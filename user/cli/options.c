// SPDX-License-Identifier: GPL-2.0-only
#include "cli/options.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/units.h"
#include "base/version.h"

#define INTERVAL_MIN_NS (10 * NSEC_PER_MSEC)
#define INTERVAL_MAX_NS (24 * 3600 * NSEC_PER_SEC)
#define EVENT_MAX_USEC 3600000000ULL

static const struct option_spec {
	char letter;
	const char *name;
	int has_argument;
	const char *argument; /* its name in the help */
	const char *help;
} option_specs[] = {
	{ 'm', "vm", required_argument, "NAME", "only this VM: name, UUID or PID; may repeat" },
	{ 'c', "cgroup", required_argument, "PATH", "only VMs in this cgroup and below" },
	{ 'b', "by", required_argument, "WHAT", "what a row is: " },
	{ 'H', "hist", no_argument, NULL, "distributions: bars, or buckets with --json" },
	{ 'R', "residency", required_argument, "SOURCE[,S]",
	  "where memory is: auto, maps, cgroup or sample; each S seconds" },
	{ 'q', "qmp", required_argument, "SOCKET",
	  "a VM's QMP socket: VMM's figures, rings, disks; may repeat" },
	{ 'U', "vmm", no_argument, NULL, "VMM's distribution: a trap at each request of QEMU's" },
	{ 'G', "with-guests", no_argument, NULL, "what guests report of their own queues, too" },
	{ 'g', "guest-report", optional_argument, "TO",
	  "in a guest: report to the host by vsock[:PORT] or a file" },
	{ 'e', "events", optional_argument, "USEC", "a line per event of at least USEC (0: all)" },
	{ 'B', "blame", no_argument, NULL, "who ran while they waited" },
	{ 'O', "overlap", no_argument, NULL, "by VM: what its vCPUs did at the same time" },
	{ 't', "timeline", required_argument, "FILE",
	  "each state of each vCPU to FILE, for ui.perfetto.dev (at most 256 MiB)" },
	{ 'j', "json", no_argument, NULL, "JSON, one object a line" },
	{ 'o', "columns", required_argument, "LIST",
	  "these columns; +LIST adds to the usual ones; help lists them" },
	{ 's', "sort", required_argument, "COLUMN", "order rows by a column, greatest first" },
	{ 'n', "top", required_argument, "N", "only the first N rows" },
	{ 'T', "timestamp", no_argument, NULL, "the time before each interval" },
	{ 'v', "verbose", no_argument, NULL,
	  "say what is loaded and left out, and why; -vv: libbpf's words, too" },
	{ 'V', "version", no_argument, NULL, "print the version" },
	{ 'h', "help", no_argument, NULL, "print this help" },
};

static const char *const by_names[] = {
	[BY_VCPU] = "vcpu", [BY_VM] = "vm", [BY_THREAD] = "thread", [BY_DEVICE] = "device"
};

static bool may_be(const struct tool *tool, enum group_by by)
{
	return by == BY_VM || (by == BY_DEVICE) == tool->by_device;
}

#define SPEC_COUNT (sizeof(option_specs) / sizeof(option_specs[0]))

/* "vm, vcpu or thread; default: vm" */
static void format_by(const struct tool *tool, char text[48])
{
	snprintf(text, 48, "%s; default: %s",
		 tool->by_device ? "vm or device" : "vm, vcpu or thread", by_names[tool->by]);
}

static void print_help(const struct tool *tool)
{
	char by_text[48];

	format_by(tool, by_text);
	printf("Usage: %s [OPTION]...%s\n%s\n\n", tool->name,
	       tool->interval ? " [INTERVAL [COUNT]] [-- COMMAND...]" : "", tool->question);
	for (size_t i = 0; i < SPEC_COUNT; i++) {
		const struct option_spec *spec = &option_specs[i];
		char name[48];

		if (!strchr(tool->options, spec->letter))
			continue;
		snprintf(name, sizeof(name), "%s%s%s%s", spec->name,
			 spec->has_argument == optional_argument ? "[="
			 : spec->argument			 ? "="
								 : "",
			 spec->argument ? spec->argument : "",
			 spec->has_argument == optional_argument ? "]" : "");
		printf("  -%c, --%-22s %s%s\n", spec->letter, name,
		       spec->letter == 'H' && tool->hist ? tool->hist : spec->help,
		       spec->letter == 'b' ? by_text : "");
	}
	if (tool->interval)
		puts("\nINTERVAL is in seconds, 0.01 to 86400 (default 1); COUNT is the number of\n"
		     "intervals (default: until Ctrl-C, which prints the last one). With COMMAND,\n"
		     "until that ends, as one interval unless INTERVAL is given, and its exit "
		     "status.");
	printf("\nExit status: %s\nThe manual page says more.\n",
	       tool->status ? tool->status
			    : "0 done, 1 failed while running, 2 wrong usage, 3 this host cannot "
			      "do it.");
}

/* The two forms of the table that getopt_long() wants. */
static void build_tables(const struct tool *tool, char *letters, struct option *names)
{
	*letters++ = ':';
	for (size_t i = 0; i < SPEC_COUNT; i++) {
		const struct option_spec *spec = &option_specs[i];

		if (!strchr(tool->options, spec->letter))
			continue;
		*names++ = (struct option){ spec->name, spec->has_argument, NULL, spec->letter };
		*letters++ = spec->letter;
		for (int colon = 0; colon < spec->has_argument; colon++)
			*letters++ = ':';
	}
	*letters = '\0';
	*names = (struct option){ 0 };
}

static int bad_value(const char *option, const char *value, const char *wanted)
{
	log_error("%s: '%s' is no such value: give %s", option, value, wanted);
	return -EINVAL;
}

static int set_by(struct options *options, const struct tool *tool, const char *text)
{
	for (size_t i = 0; i < sizeof(by_names) / sizeof(by_names[0]); i++) {
		if (!strcmp(text, by_names[i]) && may_be(tool, (enum group_by)i)) {
			options->by = (enum group_by)i;
			return 0;
		}
	}
	return bad_value("--by", text, tool->by_device ? "vm or device" : "vm, vcpu or thread");
}

static int set_events(struct options *options, const char *text)
{
	uint64_t usec = 0;

	options->events = true;
	if (text && parse_number(text, 0, EVENT_MAX_USEC, &usec))
		return bad_value("--events", text, "whole microseconds from 0 to 3600000000");
	options->event_min_ns = usec * NSEC_PER_USEC;
	return 0;
}

static int add_vm(struct options *options, const char *text)
{
	if (!*text)
		return bad_value("--vm", text, "a name, a UUID or a PID");
	if (options->vm_count == OPTIONS_VMS_MAX) {
		log_error("--vm: more than %d VMs: use --cgroup, or leave the choice out",
			  OPTIONS_VMS_MAX);
		return -EINVAL;
	}
	options->vms[options->vm_count++] = text;
	return 0;
}

static int add_qmp(struct options *options, const char *text)
{
	if (!*text)
		return bad_value("--qmp", text, "the path of a QMP socket");
	if (options->qmp_count == OPTIONS_QMP_MAX) {
		log_error("--qmp: more than %d sockets: leave some out", OPTIONS_QMP_MAX);
		return -EINVAL;
	}
	options->qmp[options->qmp_count++] = text;
	return 0;
}

static int set_option(struct options *options, const struct tool *tool, int letter,
		      const char *text)
{
	switch (letter) {
	case 'm':
		return add_vm(options, text);
	case 'c':
		options->cgroup = text;
		return *text ? 0 : bad_value("--cgroup", text, "a path below /sys/fs/cgroup");
	case 'b':
		return set_by(options, tool, text);
	case 'H':
		options->hist = true;
		return 0;
	case 'e':
		return set_events(options, text);
	case 'B':
		options->blame = true;
		return 0;
	case 'O':
		options->overlap = true;
		options->by = BY_VM;
		return 0;
	case 'R':
		options->residency = text;
		return 0;
	case 'q':
		return add_qmp(options, text);
	case 'U':
		options->vmm = true;
		return 0;
	case 'G':
		options->with_guests = true;
		return 0;
	case 'g':
		options->guest_report = true;
		options->report_to = text;
		return !text || *text ? 0
				      : bad_value("--guest-report", text, "vsock[:PORT] or a file");
	case 't':
		options->timeline = text;
		return *text ? 0 : bad_value("--timeline", text, "the name of a file to write");
	case 'j':
		options->json = true;
		return 0;
	case 'o':
		options->columns = text;
		return 0;
	case 's':
		options->sort = text;
		return 0;
	case 'n':
		if (parse_number(text, 1, 1000000, &options->top))
			return bad_value("--top", text, "a whole number from 1 to 1000000");
		return 0;
	case 'T':
		options->timestamp = true;
		return 0;
	default:
		options->verbose++;
		return 0;
	}
}

/* getopt has refused an argument: says which, in one line. */
static int refuse(const struct tool *tool, int what, char **argv)
{
	const char *last = argv[optind - 1];

	/* Of a short one, getopt may not be through with its word: optopt holds it. */
	if (optopt && !strchr(tool->options, optopt))
		log_error("-%c: no such option: see '%s --help'", optopt, tool->name);
	else if (what == ':')
		log_error("%s: its value is missing: see '%s --help'", last, tool->name);
	else
		log_error("%s: no such option, or a value that it does not take: see '%s --help'",
			  last, tool->name);
	return -EINVAL;
}

/*
 * An optional value is part of its option's word. What stands apart may be meant as one, or as
 * INTERVAL: only a fraction can be nothing but that.
 */
static int check_apart(int letter, const char *next)
{
	const struct option_spec *spec = option_specs;
	uint64_t ns;

	while (spec->letter != letter)
		spec++;
	if (spec->has_argument != optional_argument || optarg || !next || *next == '-' ||
	    (strchr(next, '.') && !parse_fixed(next, NSEC_PER_SEC, 0, UINT64_MAX, &ns)))
		return 0;
	log_error(
		"--%s: '%s' stands apart from it: write --%s=%s for its value, or INTERVAL before "
		"the options",
		spec->name, next, spec->name, next);
	return -EINVAL;
}

/* What stands after "--" is the command; getopt sees only what is before. */
static int split_command(struct options *options, const struct tool *tool, int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--"))
			continue;
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

static int read_operands(struct options *options, const struct tool *tool, int argc, char **argv)
{
	int most = tool->interval ? 2 : 0;

	if (argc > most) {
		log_error("'%s': one argument too many: see '%s --help'", argv[most], tool->name);
		return -EINVAL;
	}
	if (argc > 0) {
		options->interval_given = true;
		if (parse_fixed(argv[0], NSEC_PER_SEC, INTERVAL_MIN_NS, INTERVAL_MAX_NS,
				&options->interval_ns))
			return bad_value("INTERVAL", argv[0], "seconds from 0.01 to 86400");
	}
	if (argc > 1 && options->command) {
		log_error("COUNT: '%s': the command ends the run: leave one of the two out",
			  argv[1]);
		return -EINVAL;
	}
	if (argc > 1 && parse_number(argv[1], 1, UINT32_MAX, &options->count))
		return bad_value("COUNT", argv[1], "a whole number from 1 to 4294967295");
	return 0;
}

int options_parse(struct options *options, const struct tool *tool, int argc, char **argv,
		  int *status)
{
	char letters[3 * SPEC_COUNT + 2];
	struct option names[SPEC_COUNT + 1];
	int letter;

	*options = (struct options){ .by = tool->by, .interval_ns = NSEC_PER_SEC };
	log_init(tool->name, 0);
	signal(SIGPIPE, SIG_IGN); /* flush_output() sees to it */
	*status = STATUS_USAGE;
	if (split_command(options, tool, &argc, argv))
		return 1;
	build_tables(tool, letters, names);
	opterr = 0;
	optind = 0; /* starts afresh, also for a second call */
	while ((letter = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		if (letter == 'h' || letter == 'V') {
			errno = 0;
			if (letter == 'h')
				print_help(tool);
			else
				printf("%s %s\n", tool->name, KVMQ_VERSION);
			*status = output_status();
			return 1;
		}
		if (letter == '?' || letter == ':') {
			refuse(tool, letter, argv);
			return 1;
		}
		if (check_apart(letter, optind < argc ? argv[optind] : NULL) ||
		    set_option(options, tool, letter, optarg))
			return 1;
	}
	if (read_operands(options, tool, argc - optind, argv + optind))
		return 1;
	log_init(tool->name, options->verbose);
	/* Another file would get its number, and the output. */
	if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
		log_error("standard output: closed: give it a reader");
		*status = STATUS_FAILED;
		return 1;
	}
	return 0;
}
