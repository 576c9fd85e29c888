// SPDX-License-Identifier: GPL-2.0-only
/* What only some tools take: user/cmd/tools.c. */
#include "command_line.h"

#include "cmd/tools.h"
#include "host/residency.h"

static void test_refused(void **state)
{
	static const struct refusal refusals[] = {
		{ { "-q" }, "-q" },
		{ { "--qmp" }, "--qmp" },
		{ { "-UGq" }, "-UGq" },
		{ { "--by", "vcpu" }, "--by" },
		{ { "--by", "thread" }, "--by" },
		{ { "--by", "disk" }, "--by" },
		{ { "--by", "devices" }, "--by" },
		{ { "--qmp=" }, "--qmp" },
		{ { "-q", "" }, "--qmp" },
		{ { "-q", "/run/a", "-q", "" }, "--qmp" },
		{ { "--guest-report=" }, "--guest-report" },
		{ { "-g", "27505" }, "--guest-report: '27505' stands apart" },
		{ { "-g", "vsock:27505" }, "--guest-report: 'vsock:27505' stands apart" },
		{ { "--guest-report", "/dev/vport0p1" },
		  "--guest-report: '/dev/vport0p1' stands apart" },
		{ { "--vmm=1" }, "--vmm=1" },
		{ { "--with-guests=1" }, "--with-guests=1" },
	};

	(void)state;
	refuse_all(&io_tool, refusals, ARRAY_SIZE(refusals));
}

#define ACCEPT(parsed, ...) accept(parsed, &io_tool, (const char *const[]){ __VA_ARGS__, NULL })

static void test_values(void **state)
{
	struct parsed p;

	(void)state;
	ACCEPT(&p, "-UG", "-q/run/a", "--qmp", "/run/b", "--qmp=/run/a");
	assert_int_equal(p.options.by, BY_VM);
	assert_true(p.options.io.vmm && p.options.io.with_guests);
	assert_false(p.options.io.guest_report);
	assert_int_equal(p.options.io.qmp_count, 3);
	assert_string_equal(p.options.io.qmp[0], "/run/a");
	assert_string_equal(p.options.io.qmp[1], "/run/b");
	assert_string_equal(p.options.io.qmp[2], "/run/a");
	parsed_free(&p);
	ACCEPT(&p, "--vmm", "5");
	assert_true(p.options.io.vmm);
	assert_false(p.options.io.with_guests);
	parsed_free(&p);
	ACCEPT(&p, "--by=device");
	assert_int_equal(p.options.by, BY_DEVICE);
	parsed_free(&p);
	ACCEPT(&p, "-b", "device", "-b", "vm", "--with-guests");
	assert_int_equal(p.options.by, BY_VM);
	assert_true(p.options.io.with_guests);
	parsed_free(&p);
	parse(&p, &io_tool, (const char *const[]){ "-h", NULL });
	assert_non_null(strstr(p.out.text, "--qmp=SOCKET"));
	assert_non_null(strstr(p.out.text, "--vmm "));
	assert_non_null(strstr(p.out.text, "--with-guests "));
	assert_non_null(strstr(p.out.text, "--guest-report[=TO]"));
	assert_non_null(strstr(p.out.text, "vm or device; default: vm\n"));
	parsed_free(&p);
}

#define DAY_NS (86400 * 1000000000ULL)

static void test_residency(void **state)
{
	static const struct {
		const char *text;
		enum residency_source source;
		uint64_t period_ns;
	} cases[] = {
		{ "auto", RESIDENCY_AUTO, 0 },
		{ "maps", RESIDENCY_MAPS, 0 },
		{ "cgroup", RESIDENCY_CGROUP, 0 },
		{ "sample", RESIDENCY_SAMPLE, 0 },
		{ "auto,1", RESIDENCY_AUTO, 1000000000 },
		{ "maps,0.01", RESIDENCY_MAPS, 10000000 },
		{ "cgroup,2.5", RESIDENCY_CGROUP, 2500000000 },
		{ "sample,86400", RESIDENCY_SAMPLE, DAY_NS },
	};
	struct parsed p;

	(void)state;
	accept(&p, &numa_tool, (const char *const[]){ NULL });
	assert_int_equal(p.options.numa.residency, RESIDENCY_AUTO);
	parsed_free(&p);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		/* The last one counts, as a whole. */
		accept(&p, &numa_tool,
		       (const char *const[]){ "-Rmaps,7", "-R", cases[i].text, NULL });
		assert_int_equal(p.options.numa.residency, cases[i].source);
		assert_int_equal(p.options.numa.period_ns, cases[i].period_ns);
		parsed_free(&p);
	}
}

static void test_residency_refused(void **state)
{
	static const char *const values[] = {
		"",	    "map",	    "mapss",	  "MAPS",    " maps",	"maps ",
		"maps,",    "maps,0",	    "maps,0.009", "maps,1s", "maps,-1", "maps, 1",
		"maps,1,1", "maps,86400.1", "maps,1e3",	  ",1",	     "maps;1",	"1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct refusal refusal = { { "-R", values[i] }, "--residency: invalid value" };

		refuse_all(&numa_tool, &refusal, 1);
	}
}

/* What excludes what, in either order. */
static void test_rules(void **state)
{
	static const struct {
		const struct tool *tool;
		const char *option, *excluded;
	} cases[] = {
		{ &cpu_tool, "--events", "--blame" },
		{ &cpu_tool, "--events", "--overlap" },
		{ &exit_tool, "--events", "--hist" },
		{ &numa_tool, "--events", "--columns=VM" },
		{ &io_tool, "--events", "--sort=VM" },
		{ &exit_tool, "--events", "--top=1" },
		{ &exit_tool, "--json", "--columns=VM" },
		{ &cpu_tool, "--by=vcpu", "--overlap" },
		{ &cpu_tool, "--by=thread", "--overlap" },
		{ &numa_tool, "--by=vcpu", "--hist" },
		{ &io_tool, "--by=device", "--vm=web" },
		{ &io_tool, "--by=device", "--with-guests" },
		{ &io_tool, "--events", "--vmm" },
		{ &io_tool, "--guest-report", "--json" },
		{ &io_tool, "--guest-report", "--by=vm" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char about[64];
		struct refusal refusals[] = {
			{ { cases[i].option, cases[i].excluded }, about },
			{ { cases[i].excluded, "-v", cases[i].option }, about },
		};

		snprintf(about, sizeof(about), "%.*s: not with",
			 (int)strcspn(cases[i].excluded, "="), cases[i].excluded);
		refuse_all(cases[i].tool, refusals, ARRAY_SIZE(refusals));
	}
}

static void test_rules_that_do_not_hold(void **state)
{
	struct parsed p;

	(void)state;
	accept(&p, &cpu_tool, (const char *const[]){ "-e", "-HBOj", "-n1", "-sVM", NULL });
	assert_int_equal(p.options.by, BY_VM);
	parsed_free(&p);
	accept(&p, &cpu_tool, (const char *const[]){ "-b", "vcpu", "-O", "-b", "vm", NULL });
	assert_true(p.options.cpu.overlap);
	parsed_free(&p);
	/* Then nothing is shown but their list. */
	accept(&p, &io_tool, (const char *const[]){ "-je", "-o", "help", NULL });
	parsed_free(&p);
}

/* With and without where to; what that means, its sender says. */
static void test_guest_report(void **state)
{
	struct parsed p;

	(void)state;
	ACCEPT(&p, "--guest-report");
	assert_true(p.options.io.guest_report);
	assert_null(p.options.io.report_to);
	parsed_free(&p);
	ACCEPT(&p, "-g");
	assert_true(p.options.io.guest_report);
	assert_null(p.options.io.report_to);
	parsed_free(&p);
	ACCEPT(&p, "--guest-report=vsock:27505");
	assert_true(p.options.io.guest_report);
	assert_string_equal(p.options.io.report_to, "vsock:27505");
	parsed_free(&p);
	ACCEPT(&p, "-g/dev/virtio-ports/kvmq.io.0", "0.5", "2");
	assert_string_equal(p.options.io.report_to, "/dev/virtio-ports/kvmq.io.0");
	assert_int_equal(p.options.count, 2);
	parsed_free(&p);
	/* An optional value is part of the word: what stands apart is INTERVAL, and must be. */
	ACCEPT(&p, "-g", "0.5");
	assert_null(p.options.io.report_to);
	assert_int_equal(p.options.interval_ns, 500000000);
	parsed_free(&p);
	ACCEPT(&p, "-gvsock", "-g"); /* the last one counts */
	assert_null(p.options.io.report_to);
	parsed_free(&p);
}

static void test_most_sockets(void **state)
{
	char *argv[OPTIONS_QMP_MAX + 3] = { "kvmq-io" };
	struct options options;
	struct capture err;
	int status;

	(void)state;
	for (int i = 1; i <= OPTIONS_QMP_MAX + 1; i++)
		argv[i] = "-q/run/a";
	assert_int_equal(options_parse(&options, &io_tool, OPTIONS_QMP_MAX + 1, argv, &status), 0);
	assert_int_equal(options.io.qmp_count, OPTIONS_QMP_MAX);
	assert_string_equal(options.io.qmp[OPTIONS_QMP_MAX - 1], "/run/a");
	capture_begin(&err, STDERR_FILENO);
	assert_int_equal(options_parse(&options, &io_tool, OPTIONS_QMP_MAX + 2, argv, &status), 1);
	assert_string_equal(capture_end(&err),
			    "kvmq-io: --qmp: more than 64 sockets: leave some out\n");
	assert_int_equal(status, STATUS_USAGE);
}

#define ACCEPT_WHY(parsed, ...)                                                                    \
	accept(parsed, &why_tool, (const char *const[]){ __VA_ARGS__, NULL })

/* One page: of 10 s, or of all that was recorded, unless another interval is asked for. */
static void test_why(void **state)
{
	static const struct refusal refusals[] = {
		{ { "--threshold=5" }, "--threshold" },
		{ { "--explain=" }, "--explain" },
		{ { "--by=vm" }, "--by=vm" },
	};
	struct parsed p;

	(void)state;
	ACCEPT_WHY(&p, "-t", "a=1", "--threshold=b.act=2");
	assert_int_equal(p.options.interval_ns, 10 * 1000000000ULL);
	assert_int_equal(p.options.count, 1);
	assert_true(p.options.cpu.blame && p.options.cpu.overlap);
	assert_false(p.options.interval_given);
	assert_int_equal(p.options.why.threshold_count, 2);
	assert_string_equal(p.options.why.thresholds[1], "b.act=2");
	parsed_free(&p);
	ACCEPT_WHY(&p, "--from=a");
	assert_true(p.options.interval_given);
	assert_true(p.options.interval_ns > 100 * 365 * DAY_NS);
	parsed_free(&p);
	ACCEPT_WHY(&p, "--from=a", "5", "3");
	assert_int_equal(p.options.interval_ns, 5 * 1000000000ULL);
	assert_int_equal(p.options.count, 3);
	parsed_free(&p);
	ACCEPT_WHY(&p, "--", "sleep", "1");
	assert_int_equal(p.options.count, 0);
	parsed_free(&p);
	refuse_all(&why_tool, refusals, ARRAY_SIZE(refusals));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),	     cmocka_unit_test(test_values),
		cmocka_unit_test(test_residency),    cmocka_unit_test(test_residency_refused),
		cmocka_unit_test(test_rules),	     cmocka_unit_test(test_rules_that_do_not_hold),
		cmocka_unit_test(test_guest_report), cmocka_unit_test(test_most_sockets),
		cmocka_unit_test(test_why),
	};

	return cmocka_run_group_tests_name("options of each tool", tests, NULL, NULL);
}
