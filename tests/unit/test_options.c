// SPDX-License-Identifier: GPL-2.0-only
/* The command line of all tools: user/cli/options.c. */
#include "command_line.h"

#include "base/version.h"
#include "cli/option_entries.h"

#define BIG "99999999999999999999999"

static const struct option_entry by = OPTION_BY("vcpu", "vm", "thread");
static const struct option_entry timeline = {
	.letter = 't',
	.name = "timeline",
	.has_argument = required_argument,
	.argument = "FILE",
	.help = "a file to write",
	.expected = "the name of a file to write",
	.place = offsetof(struct options, cpu.timeline),
	.set = option__set_name,
};

static const struct tool tool = {
	.name = "kvmq-test",
	.question = "Does it read its command line?",
	.options =
		(const struct option_entry *const[]){
			&option_vm, &option_cgroup, &by, &option_hist, &option_events, &timeline,
			&option_json, &option_columns, &option_sort, &option_top, &option_timestamp,
			&option_verbose, &option_version, &option_help, NULL },
	.interval = true,
};

static const struct tool small_tool = {
	.name = "kvmq-small",
	.question = "Does it refuse what it does not take?",
	.options = (const struct option_entry *const[]){ &option_json, &option_verbose,
							 &option_version, &option_help, NULL },
};

/* Its rows are VMs, and --hist is its own. */
static const struct option_entry vm_by = OPTION_BY("vm", "vcpu");
static const struct option_entry vm_hist = {
	.letter = 'H',
	.name = "hist",
	.help = "the matrix",
	.place = offsetof(struct options, hist),
	.set = option__set_flag,
};

static const struct tool vm_tool = {
	.name = "kvmq-vms",
	.question = "Does it begin with its own default?",
	.options = (const struct option_entry *const[]){ &vm_by, &vm_hist, &option_help, NULL },
};

static void test_no_value(void **state)
{
	static const struct refusal refusals[] = {
		{ { "-m" }, "-m" },
		{ { "--vm" }, "--vm" },
		{ { "-c" }, "-c" },
		{ { "--cgroup" }, "--cgroup" },
		{ { "-b" }, "-b" },
		{ { "--by" }, "--by" },
		{ { "-o" }, "-o" },
		{ { "--columns" }, "--columns" },
		{ { "-s" }, "-s" },
		{ { "--sort" }, "--sort" },
		{ { "-n" }, "-n" },
		{ { "--top" }, "--top" },
		{ { "-j", "-m" }, "-m" },
		{ { "1", "--top" }, "--top" },
		{ { "-jHn" }, "-jHn" },
		{ { "-m", "", "1" }, "--vm" },
		{ { "--cgroup=" }, "--cgroup" },
		{ { "--vm", "--", "true" }, "--vm" },
	};

	(void)state;
	refuse_all(&tool, refusals, ARRAY_SIZE(refusals));
}

static void test_bad_value(void **state)
{
	static const struct refusal refusals[] = {
		{ { "--by", "5abc" }, "--by" },
		{ { "--by", "" }, "--by" },
		{ { "--by=VM" }, "--by" },
		{ { "--by", "vcpus" }, "--by" },
		{ { "-n", "5abc" }, "--top" },
		{ { "-n", "-1" }, "--top" },
		{ { "-n", "0" }, "--top" },
		{ { "-n", "1.5" }, "--top" },
		{ { "-n", "" }, "--top" },
		{ { "-n", "1000001" }, "--top" },
		{ { "-n", BIG }, "--top" },
		{ { "-e5abc" }, "--events" },
		{ { "--events=5abc" }, "--events" },
		{ { "--events=" }, "--events" },
		{ { "-e", "1000" }, "--events: '1000' stands apart" },
		{ { "--events", "1000", "1" }, "--events: '1000' stands apart" },
		{ { "-je", "5", "2" }, "--events: '5' stands apart" },
		{ { "-e", "1000us" }, "--events: '1000us' stands apart" },
		{ { "-e", "1.x" }, "--events: '1.x' stands apart" },
		{ { "--timeline=" }, "--timeline" },
		{ { "-t", "" }, "--timeline" },
		{ { "--events=-1" }, "--events" },
		{ { "--events=1.5" }, "--events" },
		{ { "--events=3600000001" }, "--events" },
		{ { "--events=" BIG }, "--events" },
		{ { "--json=1" }, "--json=1" },
		{ { "--hist=x" }, "--hist=x" },
		{ { "--verbose=" }, "--verbose=" },
		{ { "--by", "device" }, "--by" },
	};

	(void)state;
	refuse_all(&tool, refusals, ARRAY_SIZE(refusals));
}

static void test_unknown(void **state)
{
	static const struct refusal refusals[] = {
		{ { "-x" }, "-x" },
		{ { "--json", "-x" }, "-x" },
		{ { "--json", "-xH" }, "-x" },
		{ { "--json", "-Hx" }, "-x" },
		{ { "--vm", "web", "-Hx5" }, "-x" },
		{ { "-:" }, "-:" },
		{ { "-1" }, "-1" },
		{ { "-0.5" }, "-0" },
		{ { "--nosuch" }, "--nosuch" },
		{ { "--nosuch=5" }, "--nosuch=5" },
		{ { "--ver" }, "--ver" }, /* verbose or version */
	};
	static const struct refusal of_another_tool[] = {
		{ { "-R", "maps" }, "-R" },   { { "--residency", "maps" }, "--residency" },
		{ { "-q", "/run/a" }, "-q" }, { { "--qmp=/run/a" }, "--qmp=/run/a" },
		{ { "-U" }, "-U" },	      { { "--vmm" }, "--vmm" },
		{ { "-G" }, "-G" },	      { { "--with-guests" }, "--with-guests" },
		{ { "-g" }, "-g" },	      { { "--guest-report" }, "--guest-report" },
		{ { "-gvsock" }, "-g" },
	};
	static const struct refusal small_refusals[] = {
		{ { "-m", "web" }, "-m" },	{ { "--vm", "web" }, "--vm" },
		{ { "--events" }, "--events" }, { { "1" }, "'1'" },
		{ { "5abc" }, "'5abc'" },	{ { "--", "true" }, "'--'" },
		{ { "--" }, "'--'" },
	};

	(void)state;
	refuse_all(&tool, refusals, ARRAY_SIZE(refusals));
	refuse_all(&tool, of_another_tool, ARRAY_SIZE(of_another_tool));
	refuse_all(&small_tool, small_refusals, ARRAY_SIZE(small_refusals));
}

static void test_bad_operands(void **state)
{
	static const struct refusal refusals[] = {
		{ { "5abc" }, "INTERVAL" },    { { "" }, "INTERVAL" },
		{ { "0" }, "INTERVAL" },       { { "0.009" }, "INTERVAL" },
		{ { "1e3" }, "INTERVAL" },     { { " 1" }, "INTERVAL" },
		{ { "1." }, "INTERVAL" },      { { "0.0100000001" }, "INTERVAL" },
		{ { "86400.1" }, "INTERVAL" }, { { BIG }, "INTERVAL" },
		{ { "nan" }, "INTERVAL" },     { { "-" }, "INTERVAL" },
		{ { "1", "0" }, "COUNT" },     { { "1", "5abc" }, "COUNT" },
		{ { "1", "1.5" }, "COUNT" },   { { "1", "4294967296" }, "COUNT" },
		{ { "1", BIG }, "COUNT" },     { { "1", "" }, "COUNT" },
		{ { "1", "2", "3" }, "'3'" },  { { "--" }, "'--'" },
		{ { "1", "--" }, "'--'" },
	};

	(void)state;
	refuse_all(&tool, refusals, ARRAY_SIZE(refusals));
}

#define ACCEPT(parsed, ...) accept(parsed, &tool, (const char *const[]){ __VA_ARGS__, NULL })

static void test_defaults(void **state)
{
	static const char *const none[] = { NULL };
	struct parsed p;

	(void)state;
	accept(&p, &tool, none);
	assert_int_equal(p.options.by, BY_VCPU);
	assert_int_equal(p.options.interval_ns, 1000000000);
	assert_false(p.options.interval_given);
	assert_int_equal(p.options.count, 0);
	assert_int_equal(p.options.vm_count, 0);
	assert_int_equal(p.options.top, 0);
	assert_null(p.options.cgroup);
	assert_null(p.options.command);
	assert_null(p.options.sort);
	assert_null(p.options.columns);
	assert_null(p.options.cpu.timeline);
	assert_int_equal(p.options.io.qmp_count, 0);
	assert_null(p.options.io.report_to);
	assert_false(p.options.hist || p.options.events || p.options.json || p.options.timestamp ||
		     p.options.verbose || p.options.io.vmm || p.options.io.with_guests ||
		     p.options.io.guest_report);
	parsed_free(&p);
}

static void test_values(void **state)
{
	struct parsed p;

	(void)state;
	ACCEPT(&p, "-m", "web", "--vm=db", "-c/machine.slice", "-b", "vm", "-HTv", "-o", "VM,%RUN",
	       "-s", "%RDY");
	assert_int_equal(p.options.vm_count, 2);
	assert_string_equal(p.options.vms[0], "web");
	assert_string_equal(p.options.vms[1], "db");
	assert_string_equal(p.options.cgroup, "/machine.slice");
	assert_int_equal(p.options.by, BY_VM);
	assert_true(p.options.hist && p.options.timestamp && p.options.verbose);
	assert_false(p.options.events || p.options.json);
	assert_string_equal(p.options.columns, "VM,%RUN");
	assert_string_equal(p.options.sort, "%RDY");
	parsed_free(&p);
	ACCEPT(&p, "--by", "thread", "--top", "1000000", "--timeline", "a.json");
	assert_string_equal(p.options.cpu.timeline, "a.json");
	assert_int_equal(p.options.by, BY_THREAD);
	assert_int_equal(p.options.top, 1000000);
	parsed_free(&p);
	ACCEPT(&p, "--by=vm", "--by=vcpu"); /* the last one counts */
	assert_int_equal(p.options.by, BY_VCPU);
	parsed_free(&p);
}

/* A tool says itself what a row may be, and is without --by, and what --hist shows. */
static void test_own_entries(void **state)
{
	static const struct refusal refusals[] = {
		{ { "--by", "thread" }, "--by: invalid value 'thread': expected vm or" },
	};
	struct parsed p;

	(void)state;
	refuse_all(&vm_tool, refusals, ARRAY_SIZE(refusals));
	accept(&p, &vm_tool, (const char *const[]){ NULL });
	assert_int_equal(p.options.by, BY_VM);
	parsed_free(&p);
	accept(&p, &vm_tool, (const char *const[]){ "-H", "-b", "vcpu", NULL });
	assert_int_equal(p.options.by, BY_VCPU);
	assert_true(p.options.hist);
	parsed_free(&p);
	parse(&p, &vm_tool, (const char *const[]){ "-h", NULL });
	assert_non_null(strstr(p.out.text, "a row is: vm or vcpu; default: vm\n"));
	assert_non_null(strstr(p.out.text, "the matrix\n"));
	assert_null(strstr(p.out.text, "distributions"));
	parsed_free(&p);
	parse(&p, &tool, (const char *const[]){ "-h", NULL });
	assert_non_null(strstr(p.out.text, "a row is: vcpu, vm or thread; default: vcpu\n"));
	assert_non_null(strstr(p.out.text, "distributions"));
	assert_null(strstr(p.out.text, "--residency"));
	parsed_free(&p);
}

static void test_events(void **state)
{
	struct parsed p;

	(void)state;
	ACCEPT(&p, "-e");
	assert_true(p.options.events);
	assert_int_equal(p.options.event_min_ns, 0);
	parsed_free(&p);
	ACCEPT(&p, "-e250");
	assert_int_equal(p.options.event_min_ns, 250000);
	parsed_free(&p);
	ACCEPT(&p, "--events=3600000000");
	assert_int_equal(p.options.event_min_ns, 3600000000000);
	parsed_free(&p);
	/* An optional value is part of the word: what stands apart is INTERVAL, and must be. */
	ACCEPT(&p, "5", "-e");
	assert_int_equal(p.options.event_min_ns, 0);
	assert_int_equal(p.options.interval_ns, 5000000000);
	parsed_free(&p);
	ACCEPT(&p, "-e", "0.5", "2");
	assert_int_equal(p.options.interval_ns, 500000000);
	parsed_free(&p);
	ACCEPT(&p, "-e", "-j", "5");
	assert_int_equal(p.options.interval_ns, 5000000000);
	parsed_free(&p);
}

static void test_operands(void **state)
{
	struct parsed p;

	(void)state;
	ACCEPT(&p, "0.25", "3");
	assert_int_equal(p.options.interval_ns, 250000000);
	assert_true(p.options.interval_given);
	assert_int_equal(p.options.count, 3);
	parsed_free(&p);
	ACCEPT(&p, "0.01", "4294967295");
	assert_int_equal(p.options.interval_ns, 10000000);
	assert_int_equal(p.options.count, UINT32_MAX);
	parsed_free(&p);
	/* Options may stand anywhere. */
	ACCEPT(&p, "86400", "-j", "7", "--vm", "web");
	assert_int_equal(p.options.interval_ns, 86400000000000);
	assert_int_equal(p.options.count, 7);
	assert_true(p.options.json);
	assert_string_equal(p.options.vms[0], "web");
	parsed_free(&p);
}

static void test_command(void **state)
{
	struct parsed p;

	(void)state;
	ACCEPT(&p, "-j", "--", "make", "-j", "4", "--", "-x");
	assert_true(p.options.json);
	assert_false(p.options.interval_given);
	assert_non_null(p.options.command);
	assert_string_equal(p.options.command[0], "make");
	assert_string_equal(p.options.command[1], "-j");
	assert_string_equal(p.options.command[2], "4");
	assert_string_equal(p.options.command[3], "--");
	assert_string_equal(p.options.command[4], "-x");
	assert_null(p.options.command[5]);
	parsed_free(&p);
	ACCEPT(&p, "0.5", "--vm", "web", "--", "true");
	assert_int_equal(p.options.interval_ns, 500000000);
	assert_int_equal(p.options.vm_count, 1);
	assert_string_equal(p.options.command[0], "true");
	assert_null(p.options.command[1]);
	parsed_free(&p);
}

static void test_most_vms(void **state)
{
	char *argv[OPTIONS_VMS_MAX + 3] = { "kvmq-test" };
	struct options options;
	struct capture err;
	int status;

	(void)state;
	for (int i = 1; i <= OPTIONS_VMS_MAX + 1; i++)
		argv[i] = "-mweb";
	assert_int_equal(options_parse(&options, &tool, OPTIONS_VMS_MAX + 1, argv, &status), 0);
	assert_int_equal(options.vm_count, OPTIONS_VMS_MAX);
	capture_begin(&err, STDERR_FILENO);
	assert_int_equal(options_parse(&options, &tool, OPTIONS_VMS_MAX + 2, argv, &status), 1);
	assert_int_equal(count_lines(capture_end(&err)), 1);
	assert_int_equal(status, STATUS_USAGE);
}

/* Help and version: on standard output, status 0; every option is in the help. */
static void test_help(void **state)
{
	static const char *const names[] = { "--vm=NAME",      "--cgroup=PATH",	  "--by=WHAT",
					     "--hist",	       "--events[=USEC]", "--json",
					     "--columns=LIST", "--sort=COLUMN",	  "--top=N",
					     "--timestamp",    "--verbose",	  "--version",
					     "--help" };
	struct parsed p;

	(void)state;
	parse(&p, &tool, (const char *const[]){ "--help", NULL });
	assert_int_equal(p.result, 1);
	assert_int_equal(p.status, STATUS_DONE);
	assert_string_equal(p.err.text, "");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_non_null(strstr(p.out.text, names[i]));
	assert_non_null(strstr(p.out.text, "INTERVAL"));
	parsed_free(&p);
	parse(&p, &small_tool, (const char *const[]){ "-h", NULL });
	assert_null(strstr(p.out.text, "--vm"));
	assert_null(strstr(p.out.text, "INTERVAL"));
	parsed_free(&p);
	parse(&p, &tool, (const char *const[]){ "-V", "--nosuch", NULL });
	assert_int_equal(p.result, 1);
	assert_int_equal(p.status, STATUS_DONE);
	assert_string_equal(p.out.text, "kvmq-test " KVMQ_VERSION "\n");
	parsed_free(&p);
}

/* Help that cannot be written has failed, and says so. */
static void test_help_not_written(void **state)
{
	static const char *const words[] = { "--help", "--version" };
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), out;

	(void)state;
	assert_true(full >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		char *argv[] = { "kvmq-test", (char *)words[i], NULL };
		struct options options;
		struct capture err;
		int status, result;

		fflush(stdout);
		out = dup(STDOUT_FILENO);
		capture_begin(&err, STDERR_FILENO);
		dup2(full, STDOUT_FILENO);
		result = options_parse(&options, &tool, 2, argv, &status);
		dup2(out, STDOUT_FILENO);
		close(out);
		clearerr(stdout);
		capture_end(&err);
		assert_int_equal(result, 1);
		assert_int_equal(status, STATUS_FAILED);
		assert_int_equal(count_lines(err.text), 1);
		assert_non_null(strstr(err.text, "kvmq-test: standard output: No space left"));
	}
	close(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_value),	 cmocka_unit_test(test_bad_value),
		cmocka_unit_test(test_unknown),		 cmocka_unit_test(test_bad_operands),
		cmocka_unit_test(test_defaults),	 cmocka_unit_test(test_values),
		cmocka_unit_test(test_own_entries),	 cmocka_unit_test(test_events),
		cmocka_unit_test(test_operands),	 cmocka_unit_test(test_command),
		cmocka_unit_test(test_most_vms),	 cmocka_unit_test(test_help),
		cmocka_unit_test(test_help_not_written),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
