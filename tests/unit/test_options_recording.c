// SPDX-License-Identifier: GPL-2.0-only
/* --record, --from and what chooses from a recording; the zone of times. */
#include "command_line.h"

#include <time.h>

#include "base/units.h"
#include "cli/option_entries.h"

static const struct option_entry timeline = {
	.letter = 't',
	.name = "timeline",
	.has_argument = required_argument,
	.argument = "FILE",
	.help = "a file to write",
	.place = offsetof(struct options, cpu.timeline),
	.set = option__set_name,
};

static const struct tool tool = {
	.name = "kvmq-test",
	.question = "Does it take what is about recordings?",
	.options = (const struct option_entry *const[]){ &option_json, &timeline, &option_timestamp,
							 &option_local, &option_utc, &option_record,
							 &option_from, &option_since, &option_until,
							 &option_help, NULL },
	.interval = true,
};

#define ACCEPT(parsed, ...) accept(parsed, &tool, (const char *const[]){ __VA_ARGS__, NULL })

/* 2026-11-29 20:00:00 UTC is 21:00 here. */
#define NINE_PM_NS (1795982400ULL * NSEC_PER_SEC)

static void test_values(void **state)
{
	struct parsed p;

	(void)state;
	accept(&p, &tool, (const char *const[]){ NULL });
	assert_null(p.options.record);
	assert_null(p.options.from);
	assert_int_equal(p.options.since_ns, 0);
	assert_int_equal(p.options.until_ns, UINT64_MAX);
	assert_false(p.options.utc);
	parsed_free(&p);
	ACCEPT(&p, "-r", "a", "5", "--", "true");
	assert_string_equal(p.options.record, "a");
	parsed_free(&p);
	ACCEPT(&p, "--from=b", "60", "--since", "2026-11-29 21:00", "--until",
	       "2026-11-29T20:00:01.5Z");
	assert_string_equal(p.options.from, "b");
	assert_int_equal(p.options.since_ns, NINE_PM_NS);
	assert_int_equal(p.options.until_ns, NINE_PM_NS + 1500 * NSEC_PER_MSEC);
	parsed_free(&p);
	/* Wherever --utc stands; the last of the two counts. */
	ACCEPT(&p, "--since=2026-11-29 20:00", "--utc", "-fb");
	assert_int_equal(p.options.since_ns, NINE_PM_NS);
	assert_true(p.options.utc);
	parsed_free(&p);
	ACCEPT(&p, "--utc", "--local", "-fb", "--since=2026-11-29 21:00");
	assert_int_equal(p.options.since_ns, NINE_PM_NS);
	assert_false(p.options.utc);
	parsed_free(&p);
	/* One moment is an interval, too; and both are before the same now. */
	ACCEPT(&p, "--until", "-10min", "--since", "-600s", "-fb");
	assert_int_equal(p.options.since_ns, p.options.until_ns);
	assert_true(p.options.since_ns < clock_realtime_ns());
	parsed_free(&p);
}

static void test_help(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, &tool, (const char *const[]){ "-h", NULL });
	assert_non_null(strstr(p.out.text, "\n  -r, --record=FILE          write "));
	assert_non_null(strstr(p.out.text, "\n      --since=TIME           from "));
	assert_non_null(strstr(p.out.text, "\n      --utc                  times "));
	parsed_free(&p);
}

static void test_refused(void **state)
{
	static const struct refusal refusals[] = {
		{ { "-r" }, "-r" },
		{ { "--record=" }, "--record: invalid value" },
		{ { "-f", "" }, "--from: invalid value" },
		{ { "-fb", "--since" }, "--since" },
		{ { "-fb", "--since=" },
		  "--since: invalid value '': expected 2026-11-29T21:00:00+01:00," },
		{ { "-fb", "--since=9 pm" }, "--since: invalid value" },
		{ { "-fb", "--until=21" }, "--until: invalid value" },
		{ { "-fb", "--until=2026-02-29 21:00" },
		  "--until: '2026-02-29 21:00': there is no such" },
		{ { "--since=21:00" }, "--since: it chooses from what was recorded: add" },
		{ { "--until=21:00", "-rf" }, "--until: it chooses from what was recorded: add" },
		{ { "-fb", "--since=-1h", "--until=-2h" },
		  "--since: '-1h' is later than --until '-2h':" },
		{ { "--until=-2h", "-fb", "--since=-1h" },
		  "--since: '-1h' is later than --until '-2h':" },
		{ { "-fb", "-rb" }, "--record: not with --from," },
		{ { "-rb", "-fb" }, "--record: not with --from," },
		{ { "-fb", "-t", "a" }, "--timeline: not with --from," },
		{ { "-fb", "--", "true" }, "COMMAND: not with --from," },
		{ { "--utc=x" }, "--utc=x" },
		{ { "-\1" }, "-?" },
	};

	(void)state;
	refuse_all(&tool, refusals, ARRAY_SIZE(refusals));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_refused),
	};

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	return cmocka_run_group_tests_name("options of recordings", tests, NULL, NULL);
}
