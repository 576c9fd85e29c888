// SPDX-License-Identifier: GPL-2.0-only
/* Times as a person writes them: user/base/time_text.c. */
#include "unit.h"

#include <errno.h>
#include <time.h>

#include "base/time_text.h"
#include "base/units.h"

#define HOUR_NS (3600 * NSEC_PER_SEC)

/* Rules of time zones, written out: no test depends on those of this machine. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define NEW_YORK "EST5EDT,M3.2.0,M11.1.0"
#define KOLKATA "IST-5:30"

static void set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

/* By the C library, and not by the code that is tested. */
static uint64_t utc_ns(const char *text)
{
	struct tm day = { 0 };

	assert_non_null(strptime(text, "%Y-%m-%d %H:%M:%S", &day));
	return (uint64_t)timegm(&day) * NSEC_PER_SEC;
}

struct reading {
	const char *zone, *now, *text;
	const char *time; /* in UTC; NULL: refused */
	uint64_t ns;	  /* beside it */
	int error;
};

static void check(const struct reading *readings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct reading *reading = &readings[i];
		const char *now = reading->now ? reading->now : "2026-11-29 11:00:00";
		uint64_t time = 42;
		int error;

		set_zone(reading->zone ? reading->zone : BERLIN);
		error = parse_time(reading->text, utc_ns(now), false, &time);
		if (error != reading->error ||
		    (!error && time != utc_ns(reading->time) + reading->ns))
			fail_msg("'%s' in %s: %d, %llu s", reading->text, reading->zone, error,
				 (unsigned long long)(time / NSEC_PER_SEC));
	}
}

static void test_dates(void **state)
{
	static const struct reading readings[] = {
		{ .text = "2026-11-29T11:01:12Z", .time = "2026-11-29 11:01:12" },
		{ .text = "2026-11-29t11:01:12z", .time = "2026-11-29 11:01:12" },
		{ .text = "2026-11-29 11:01Z", .time = "2026-11-29 11:01:00" },
		{ .text = "2026-11-29T11:01:12+01:00", .time = "2026-11-29 10:01:12" },
		{ .text = "2026-11-29T11:01:12-05:30", .time = "2026-11-29 16:31:12" },
		{ .text = "2026-11-29T00:30:00+01:00", .time = "2026-11-28 23:30:00" },
		{ .text = "2026-11-29T11:01:12.5Z",
		  .time = "2026-11-29 11:01:12",
		  .ns = 500000000 },
		{ .text = "2026-11-29T11:01:12.123456789Z",
		  .time = "2026-11-29 11:01:12",
		  .ns = 123456789 },
		{ .text = "2026-11-29T11:01:12", .time = "2026-11-29 10:01:12" },
		{ .text = "2026-11-29 11:01", .time = "2026-11-29 10:01:00" },
		{ .zone = NEW_YORK, .text = "2026-11-29 11:01", .time = "2026-11-29 16:01:00" },
		{ .zone = KOLKATA, .text = "2026-11-29 11:01", .time = "2026-11-29 05:31:00" },
		{ .text = "1970-01-01T00:00Z", .time = "1970-01-01 00:00:00" },
		{ .text = "2024-02-29T12:00Z", .time = "2024-02-29 12:00:00" },
		{ .text = "2000-02-29T12:00Z", .time = "2000-02-29 12:00:00" },
		{ .text = "2026-02-29T12:00Z", .error = -ERANGE },
		{ .text = "2026-02-29 12:00", .error = -ERANGE },
		{ .text = "2100-02-29T12:00Z", .error = -ERANGE },
		{ .text = "2026-11-31T12:00Z", .error = -ERANGE },
		{ .text = "2026-13-01T12:00Z", .error = -ERANGE },
		{ .text = "2026-00-01T12:00Z", .error = -ERANGE },
		{ .text = "2026-11-00T12:00Z", .error = -ERANGE },
		{ .text = "2026-11-29T24:00Z", .error = -ERANGE },
		{ .text = "2026-11-29T12:60Z", .error = -ERANGE },
		{ .text = "2026-11-29T12:00:60Z", .error = -ERANGE },
		{ .text = "1969-12-31T23:59:59Z", .error = -ERANGE },
		{ .text = "1970-01-01T00:30+01:00", .error = -ERANGE },
		{ .text = "9999-01-01T00:00Z", .error = -ERANGE },
	};

	(void)state;
	check(readings, ARRAY_SIZE(readings));
}

static void test_clock(void **state)
{
	static const struct reading readings[] = {
		{ .text = "21:00",
		  .time = "2026-11-29 20:00:00" }, /* later than now is a time, too */
		{ .text = "09:30:15", .time = "2026-11-29 08:30:15" },
		{ .text = "00:00:00.25", .time = "2026-11-28 23:00:00", .ns = 250000000 },
		{ .text = "yesterday 21:00", .time = "2026-11-28 20:00:00" },
		{ .text = "yesterday 23:59:59", .time = "2026-11-28 22:59:59" },
		/* Which day is today, the zone says. */
		{ .now = "2026-11-29 23:30:00", .text = "08:00", .time = "2026-11-30 07:00:00" },
		{ .zone = NEW_YORK,
		  .now = "2026-11-29 03:00:00",
		  .text = "08:00",
		  .time = "2026-11-28 13:00:00" },
		{ .now = "2026-12-01 12:00:00",
		  .text = "yesterday 21:00",
		  .time = "2026-11-30 20:00:00" },
		{ .now = "2027-01-01 12:00:00",
		  .text = "yesterday 21:00",
		  .time = "2026-12-31 20:00:00" },
		{ .now = "2024-03-01 12:00:00",
		  .text = "yesterday 21:00",
		  .time = "2024-02-29 20:00:00" },
	};

	(void)state;
	check(readings, ARRAY_SIZE(readings));
}

/* On 29 March 2026, 02:00 CET is 03:00 CEST; on 25 October, 03:00 CEST is 02:00 CET. */
static void test_daylight_saving(void **state)
{
	static const struct reading readings[] = {
		{ .text = "2026-03-29 01:59:59", .time = "2026-03-29 00:59:59" },
		{ .text = "2026-03-29 02:00", .error = -ERANGE },
		{ .text = "2026-03-29 02:30", .error = -ERANGE },
		{ .text = "2026-03-29 03:00", .time = "2026-03-29 01:00:00" },
		{ .text = "2026-10-25 01:59:59", .time = "2026-10-24 23:59:59" },
		{ .text = "2026-10-25 02:00", .time = "2026-10-25 00:00:00" },
		{ .text = "2026-10-25 02:30", .time = "2026-10-25 00:30:00" }, /* the first one */
		{ .text = "2026-10-25T02:30:00+01:00", .time = "2026-10-25 01:30:00" },
		{ .text = "2026-10-25 03:00", .time = "2026-10-25 02:00:00" },
		{ .zone = NEW_YORK, .text = "2026-03-08 02:30", .error = -ERANGE },
		{ .zone = NEW_YORK, .text = "2026-11-01 01:30", .time = "2026-11-01 05:30:00" },
		/* Of today and of yesterday, on the day of the change and after it */
		{ .now = "2026-03-29 10:00:00", .text = "01:00", .time = "2026-03-29 00:00:00" },
		{ .now = "2026-03-29 10:00:00", .text = "04:00", .time = "2026-03-29 02:00:00" },
		{ .now = "2026-03-29 10:00:00", .text = "02:30", .error = -ERANGE },
		{ .now = "2026-03-29 22:30:00",
		  .text = "yesterday 21:00",
		  .time = "2026-03-29 19:00:00" },
		{ .now = "2026-10-25 23:30:00",
		  .text = "yesterday 21:00",
		  .time = "2026-10-25 20:00:00" },
		{ .now = "2026-10-25 22:30:00",
		  .text = "yesterday 21:00",
		  .time = "2026-10-24 19:00:00" },
		/* How long ago is no time of day. */
		{ .now = "2026-03-29 01:30:00", .text = "-1h", .time = "2026-03-29 00:30:00" },
	};

	(void)state;
	check(readings, ARRAY_SIZE(readings));
}

static void test_ago(void **state)
{
	static const struct reading readings[] = {
		{ .text = "-90s", .time = "2026-11-29 10:58:30" },
		{ .text = "-10min", .time = "2026-11-29 10:50:00" },
		{ .text = "-2h", .time = "2026-11-29 09:00:00" },
		{ .text = "-48h", .time = "2026-11-27 11:00:00" },
		{ .text = "-1.5h", .time = "2026-11-29 09:30:00" },
		{ .text = "-0.25s", .time = "2026-11-29 10:59:59", .ns = 750000000 },
		{ .text = "-0s", .time = "2026-11-29 11:00:00" },
		{ .text = "-9999999h", .error = -ERANGE },
		{ .text = "-99999999999999999999999999s", .error = -ERANGE },
	};

	(void)state;
	check(readings, ARRAY_SIZE(readings));
}

/* NOLINTNEXTLINE(readability-function-size): a list */
static void test_garbage(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"x",
		"21",
		"2100",
		"21:",
		"21:0",
		"1:00",
		"021:00",
		" 21:00",
		"21:00 ",
		"21:00:",
		"21:00:0",
		"21:00:00.",
		"21:00:00.1234567890",
		"21:00,5",
		"21:00Z",
		"21:00+01:00",
		"+1:00",
		"9 pm",
		"now",
		"today",
		"yesterday",
		"yesterday ",
		"yesterday21:00",
		"yesterday  21:00",
		"Yesterday 21:00",
		"yesterday 2026-11-29 21:00",
		"yesterday yesterday 21:00",
		"tomorrow 21:00",
		"2026-11-29",
		"2026-11-29T",
		"2026-11-29T21",
		"2026-11-29  21:00",
		"2026-11-29_21:00",
		"2026-1-29T21:00Z",
		"26-11-29T21:00Z",
		"2026/11/29 21:00",
		"12026-11-29T21:00Z",
		"-2026-11-29T21:00Z",
		"2026-11-29T21:00ZZ",
		"2026-11-29T21:00 Z",
		"2026-11-29T21:00+0100",
		"2026-11-29T21:00+1:00",
		"2026-11-29T21:00+24:00",
		"2026-11-29T21:00+01:60",
		"2026-11-29T21:00+01:00:00",
		"2026-11-29T21:00+",
		"2026-11-29T21:00-",
		"-",
		"-10",
		"-min",
		"-h",
		"-10m",
		"-10 min",
		"- 10min",
		"--10min",
		"-+10min",
		"-10minutes",
		"-10mins",
		"-1h30min",
		"-1.h",
		"-.5h",
		"-1.2.3h",
		"10min",
		"+10min",
		"-10d",
		"\xd9\xa2\xd9\xa1:00",
	};

	(void)state;
	set_zone(BERLIN);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		uint64_t time;
		int error = parse_time(texts[i], utc_ns("2026-11-29 11:00:00"), false, &time);

		if (error != -EINVAL)
			fail_msg("'%s': %d", texts[i], error);
	}
}

/* UTC instead of local time, where no offset is given. */
static void test_utc(void **state)
{
	static const char *const readings[][2] = {
		{ "21:00", "2026-11-29 21:00:00" },
		{ "yesterday 21:00", "2026-11-28 21:00:00" },
		{ "2026-03-29 02:30", "2026-03-29 02:30:00" },
		{ "2026-03-29T02:30+02:00", "2026-03-29 00:30:00" },
		{ "-1h", "2026-11-29 22:30:00" },
	};

	(void)state;
	set_zone(BERLIN);
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++) {
		uint64_t time;

		assert_int_equal(
			parse_time(readings[i][0], utc_ns("2026-11-29 23:30:00"), true, &time), 0);
		assert_int_equal(time, utc_ns(readings[i][1]));
	}
}

static void test_format(void **state)
{
	uint64_t summer = utc_ns("2026-07-01 10:00:00") + 7 * NSEC_PER_MSEC + 999999;
	uint64_t winter = utc_ns("2026-12-31 23:30:00");
	char text[40];

	(void)state;
	set_zone(BERLIN);
	format_local_time(text, summer, false);
	assert_string_equal(text, "2026-07-01T12:00:00.007+02:00");
	format_local_time(text, winter, false);
	assert_string_equal(text, "2027-01-01T00:30:00.000+01:00");
	format_local_time(text, winter, true);
	assert_string_equal(text, "2026-12-31T23:30:00.000Z");
	set_zone(NEW_YORK);
	format_local_time(text, winter, false);
	assert_string_equal(text, "2026-12-31T18:30:00.000-05:00");
	set_zone(KOLKATA);
	format_local_time(text, winter, false);
	assert_string_equal(text, "2027-01-01T05:00:00.000+05:30");
}

/* What is written is read as what it was, each half hour through both changes of the clock. */
static void test_round_trip(void **state)
{
	static const char *const begins[] = { "2026-03-27 00:00:00", "2026-10-23 00:00:00" };

	(void)state;
	set_zone(BERLIN);
	for (size_t i = 0; i < ARRAY_SIZE(begins); i++) {
		for (int half_hours = 0; half_hours < 4 * 48; half_hours++) {
			uint64_t wanted = utc_ns(begins[i]) + half_hours * HOUR_NS / 2, got;
			char text[40];

			format_local_time(text, wanted, false);
			assert_int_equal(parse_time(text, 0, false, &got), 0);
			assert_int_equal(got, wanted);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_daylight_saving), cmocka_unit_test(test_ago),
		cmocka_unit_test(test_garbage),		cmocka_unit_test(test_utc),
		cmocka_unit_test(test_format),		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests_name("time_text", tests, NULL, NULL);
}
